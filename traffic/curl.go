package traffic

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ReadCurl reads a curl command as it is pasted from a browser or a terminal: in
// the quoting of a POSIX shell ('…', "…", $'…', backslashes) or of Windows' cmd
// (carets). Nothing is run and no variable is looked up. Files that the command
// names (-d @file, -F x=@file) are read, if they are in the current directory or
// below. Headers that curl adds by itself are not added, but for Content-Type
// and those that options stand for. An error is a [*FormatError].
func ReadCurl(command string) (*Exchange, error) {
	e, _, err := ReadCurlIn(".", command)
	return e, err
}

// ReadCurlIn is [ReadCurl] with the directory that files are read from, and with
// warnings about the options that were ignored.
func ReadCurlIn(dir, command string) (*Exchange, []Warning, error) {
	exchanges, warnings, err := readCurls(dir, command)
	if err != nil {
		return nil, nil, err
	}
	if len(exchanges) > 1 {
		return nil, nil, &FormatError{Message: fmt.Sprintf("%d requests where one is wanted", len(exchanges))}
	}
	return exchanges[0], warnings, nil
}

// command is a command of a script, after the shell has read it.
type command struct {
	line  int // from 1
	args  []string
	stdin []byte // what is piped into it; nil where that is not known
}

// readCurls reads all curl commands of a text.
func readCurls(dir, text string) ([]*Exchange, []Warning, error) {
	if len(text) > maxSource {
		return nil, nil, &FormatError{Message: fmt.Sprintf("the command is larger than %d MB", maxSource>>20)}
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return nil, nil, &FormatError{Message: "the command is no text in UTF-8"}
	}
	text = strings.TrimPrefix(text, "\ufeff")
	if isPowerShell(text) {
		return nil, nil, &FormatError{
			Message: "a command of PowerShell, which can't be read",
			Advice:  "copy it as cURL, for bash or for cmd",
		}
	}
	w := &warningList{}
	var commands []command
	var err error
	if isCmd(text) {
		commands = cmdCommands(text)
	} else {
		commands, err = posixCommands(text, w)
	}
	if err != nil {
		return nil, nil, err
	}
	files := newFolder(dir)
	var exchanges []*Exchange
	for _, c := range commands {
		if len(c.args) == 0 || !isCurl(c.args[0]) {
			if len(c.args) > 0 {
				w.add(fmt.Sprintf("line %d", c.line), "the command %s is no curl: left out", shown(c.args[0]))
			}
			continue
		}
		more, err := curlRequests(c, files, w)
		if err != nil {
			var broken *FormatError
			if errors.As(err, &broken) {
				return nil, nil, err
			}
			return nil, nil, &FormatError{Line: c.line, Message: err.Error()}
		}
		if exchanges = append(exchanges, more...); len(exchanges) > maxRequests {
			return nil, nil, &FormatError{Message: fmt.Sprintf("more than %d requests", maxRequests)}
		}
	}
	if len(exchanges) == 0 {
		return nil, nil, &FormatError{Message: "no curl command", Advice: "a command begins with curl and has a URL"}
	}
	return exchanges, w.all(), nil
}

// beginsWithCurl says whether the first word of a script, comments aside, is curl.
func beginsWithCurl(text string) bool {
	for line := range strings.Lines(text) {
		words := strings.Fields(strings.TrimLeft(line, "$> "))
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		return isCurl(words[0]) && len(words) > 1
	}
	return false
}

func isCurl(word string) bool {
	word = strings.ToLower(word[strings.LastIndexAny(word, `/\`)+1:])
	return word == "curl" || word == "curl.exe"
}

func isPowerShell(text string) bool {
	text = strings.ToLower(strings.TrimSpace(text))
	if strings.HasPrefix(text, "invoke-") || strings.HasPrefix(text, "$session") {
		return true
	}
	first, _, more := strings.Cut(text, "\n")
	return more && strings.HasSuffix(strings.TrimSpace(first), " `")
}
