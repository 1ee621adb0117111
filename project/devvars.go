package project

import (
	"fmt"
	"strings"
)

// devVars is the file of the secrets that a worker has on this machine only.
const devVars = ".dev.vars"

// parseDevVars reads lines of NAME=value, in the form that wrangler's own reader
// (the npm package dotenv) takes: an optional "export", comments after "#",
// values bare or in single quotes, double quotes or backticks. A quoted value
// may have several lines; in double quotes \n and \r are line ends. Unlike that
// reader, which skips what it doesn't understand, this one says so. Messages
// name keys and lines, never values.
func parseDevVars(file, text string) (secrets map[string]Secret, warnings []string, err error) {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	secrets = map[string]Secret{}
	for line := 1; text != ""; line++ {
		current, rest, _ := strings.Cut(text, "\n")
		statement := strings.TrimSpace(current)
		if statement == "" || statement[0] == '#' {
			text = rest
			continue
		}
		name, raw, ok := cutName(current)
		if !ok {
			return nil, nil, &Error{
				File: file, Line: line, Message: "expected NAME=value",
				Hint: "a comment starts with #, and a value of several lines is put in quotes",
			}
		}
		if _, twice := secrets[name]; twice {
			warnings = append(warnings, fmt.Sprintf("%s:%d: %s is set twice, the last one counts", file, line, name))
		}
		if quote, quoted := openingQuote(raw); quoted {
			value, lines, after, err := quotedValue(file, line, name, quote, text[len(current)-len(strings.TrimLeft(raw, " \t"))+1:])
			if err != nil {
				return nil, nil, err
			}
			secrets[name] = NewSecret(value)
			line += lines
			text = after
			continue
		}
		value, cut := bareValue(raw)
		if cut {
			warnings = append(warnings, fmt.Sprintf("%s:%d: the value of %s ends at its #: put it in quotes if the rest belongs to it", file, line, name))
		}
		secrets[name] = NewSecret(value)
		text = rest
	}
	return secrets, warnings, nil
}

// cutName splits a line at its first "=".
func cutName(line string) (name, raw string, ok bool) {
	name, raw, ok = strings.Cut(line, "=")
	name = strings.TrimSpace(name)
	if rest, found := strings.CutPrefix(name, "export"); found && rest != strings.TrimLeft(rest, " \t") {
		name = strings.TrimSpace(rest)
	}
	for _, c := range name {
		if c != '_' && c != '.' && c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return "", "", false
		}
	}
	return name, raw, ok && name != ""
}

// openingQuote returns the quote that a value starts with.
func openingQuote(raw string) (quote byte, ok bool) {
	raw = strings.TrimLeft(raw, " \t")
	if raw == "" || !strings.ContainsRune("'\"`", rune(raw[0])) {
		return 0, false
	}
	return raw[0], true
}

// quotedValue reads a value from the text after its opening quote. It returns
// how many line ends are in the value, and the text after its last line.
func quotedValue(file string, line int, name string, quote byte, text string) (value string, lines int, after string, err error) {
	end := -1
	for i := range len(text) {
		if text[i] == quote && (i == 0 || text[i-1] != '\\') {
			end = i
			break
		}
	}
	if end < 0 {
		return "", 0, "", &Error{
			File: file, Line: line, Message: fmt.Sprintf("the value of %s has no closing %c", name, quote),
			Hint: "put a value that contains quotes in quotes of another kind",
		}
	}
	value = text[:end]
	lines = strings.Count(value, "\n")
	tail, after, _ := strings.Cut(text[end+1:], "\n")
	if tail = strings.TrimSpace(tail); tail != "" && tail[0] != '#' {
		return "", 0, "", &Error{
			File: file, Line: line + lines, Message: fmt.Sprintf("the value of %s goes on after its closing %c", name, quote),
			Hint: "put a value that contains quotes in quotes of another kind",
		}
	}
	if quote == '"' {
		value = strings.NewReplacer(`\n`, "\n", `\r`, "\r").Replace(value)
	}
	return value, lines, after, nil
}

// bareValue reads a value without quotes, which ends at a "#". cut reports that
// the "#" has no space before it, and so may be meant to belong to the value.
func bareValue(raw string) (value string, cut bool) {
	value, _, found := strings.Cut(raw, "#")
	trimmed := strings.TrimSpace(value)
	return trimmed, found && trimmed != "" && !strings.HasSuffix(value, " ") && !strings.HasSuffix(value, "\t")
}
