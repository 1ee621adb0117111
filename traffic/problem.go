package traffic

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// The bounds of what is read, beside those of the formats themselves.
const (
	maxBody     = 100 << 20 // bytes of one body, as the gateway takes them
	maxTotal    = 512 << 20 // bytes of all bodies of a curl or .http file, included files counted each time
	maxSource   = 64 << 20  // bytes of a curl or .http file
	maxLines    = 1_000_000 // of a .http file
	maxRequests = 100_000   // of one file
	maxWarnings = 1000      // of one file
)

// checkBody is what is wrong with a body of n bytes: that it is too large.
func checkBody(n int) error {
	if n <= maxBody {
		return nil
	}
	return fmt.Errorf("the body is larger than %d MB", maxBody>>20)
}

// Warning is what was left out or guessed while a file was read.
type Warning struct {
	Where string // "entry 3 (http://localhost/a)", "line 7"; "" for the whole
	Text  string // one line, lower case
}

// String is the warning in one line.
func (w Warning) String() string {
	if w.Where == "" {
		return w.Text
	}
	return w.Where + ": " + w.Text
}

// FormatError is what is wrong with a file or a command that was read.
type FormatError struct {
	File    string // as it was given; "" for text that is in no file
	Line    int    // from 1; 0 where the text as a whole is meant
	Message string // one line, lower case
	Advice  string // what the user can do about it; may be ""
	Err     error  // the cause; may be nil
}

// Error returns "file:line: message", without the advice.
func (e *FormatError) Error() string {
	where := e.File
	switch {
	case e.Line > 0 && where != "":
		where = fmt.Sprintf("%s:%d: ", where, e.Line)
	case e.Line > 0:
		where = fmt.Sprintf("line %d: ", e.Line)
	case where != "":
		where += ": "
	}
	if e.Err != nil {
		return fmt.Sprintf("%s%s: %v", where, e.Message, e.Err)
	}
	return where + e.Message
}

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// Hint is what to do about it, or "".
func (e *FormatError) Hint() string { return e.Advice }

// inFile names the file in an error of a parser that knew only text.
func inFile(err error, file string) error {
	var broken *FormatError
	if errors.As(err, &broken) {
		named := *broken
		named.File = file
		return &named
	}
	return fmt.Errorf("%s: %w", file, err)
}

// shown is a text that came from outside, short and safe in a message.
func shown(s string) string {
	const limit = 80
	if utf8.RuneCountInString(s) <= limit {
		return strconv.QuoteToGraphic(s)
	}
	runes := []rune(s[:min(len(s), 4*limit)])
	return strconv.QuoteToGraphic(string(runes[:limit]) + "…")
}

// warningList collects warnings, of which there may be as many as a hostile file
// likes.
type warningList struct {
	list []Warning
	more int
}

func (w *warningList) add(where, text string, args ...any) {
	if len(w.list) >= maxWarnings {
		w.more++
		return
	}
	w.list = append(w.list, Warning{Where: where, Text: fmt.Sprintf(text, args...)})
}

// all returns the warnings, and one more that counts those left out.
func (w *warningList) all() []Warning {
	if w.more == 0 {
		return w.list
	}
	return append(w.list, Warning{Text: fmt.Sprintf("%d more warnings", w.more)})
}
