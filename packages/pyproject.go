package packages

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// AddDependency returns a pyproject.toml with a requirement in [project]
// dependencies, and all else as it was. A requirement of the same package is
// replaced. name is the project's, for a file without [project]; text may be empty.
func AddDependency(text []byte, requirement, name string) ([]byte, error) {
	want, ok := requirementName(requirement)
	if !ok {
		return nil, &Error{Kind: ErrRequirement, Message: fmt.Sprintf("%q is not a requirement", requirement), Advice: `write "name", "name>=1.2" or "name==1.2.3"`}
	}
	list, err := findList(text)
	if err != nil {
		return nil, err
	}
	quoted := strconv.Quote(requirement)
	if !list.found {
		return checked(insertList(text, list, quoted, name))
	}
	for _, item := range list.items {
		if have, _ := requirementName(item.value); have == want {
			return checked(splice(text, item.start, item.end, quoted))
		}
	}
	if len(list.items) == 0 {
		return checked(splice(text, list.open+1, list.open+1, quoted))
	}
	last := list.items[len(list.items)-1]
	line := bytes.LastIndexByte(text[:last.start], '\n') + 1
	indent := string(text[line:last.start])
	if line <= list.open || strings.TrimSpace(indent) != "" { // it is on one line with others
		return checked(splice(text, last.end, last.end, ", "+quoted))
	}
	// What follows the last one, a comma or a comment, stays on its line.
	at, comma := last.end, ","
	if rest := bytes.TrimLeft(text[last.end:], " \t"); len(rest) > 0 && rest[0] == ',' {
		at, comma = len(text)-len(rest)+1, ""
	}
	lineEnd := at
	if i := bytes.IndexByte(text[at:], '\n'); i >= 0 && at+i < list.close {
		lineEnd = at + i
	}
	out := splice(text, lineEnd, lineEnd, "\n"+indent+quoted+",")
	return checked(splice(out, last.end, last.end, comma))
}

// RemoveDependency is the reverse. found is false where there was no such
// requirement.
func RemoveDependency(text []byte, name string) (out []byte, found bool, err error) {
	list, err := findList(text)
	if err != nil {
		return nil, false, err
	}
	for i, item := range list.items {
		if have, _ := requirementName(item.value); have != Normalize(name) {
			continue
		}
		start, end := item.start, item.end
		if rest := bytes.TrimLeft(text[end:list.close], " \t"); len(rest) > 0 && rest[0] == ',' {
			end = list.close - len(rest) + 1
		} else if i > 0 {
			start = list.items[i-1].end // the comma before it
		}
		line := bytes.LastIndexByte(text[:item.start], '\n') + 1
		rest := bytes.TrimLeft(text[end:list.close], " \t")
		switch {
		case line > list.open && start >= line && len(bytes.TrimSpace(text[line:start])) == 0 && len(rest) > 0 && rest[0] == '\n':
			start, end = line, list.close-len(rest)+1 // it has a line of its own
		case start == item.start:
			end = list.close - len(rest) // the space after the comma
		}
		out, err = checked(splice(text, start, end, ""))
		return out, true, err
	}
	return text, false, nil
}

func splice(text []byte, start, end int, with string) []byte {
	out := append([]byte{}, text[:start]...)
	out = append(out, with...)
	return append(out, text[end:]...)
}

// checked makes sure that an edited file is TOML still.
func checked(text []byte) ([]byte, error) {
	var document map[string]any
	if err := toml.Unmarshal(text, &document); err != nil {
		return nil, &Error{Kind: ErrRequirement, Message: "pyproject.toml: can't edit its dependencies", Advice: "edit them by hand, and run pymode-tui sync", Err: err}
	}
	return text, nil
}

// list is [project] dependencies in the text of a file, by offsets in bytes.
type list struct {
	found       bool
	open, close int // of the brackets
	items       []listItem
	project     bool // there is a [project]
	end         int  // where its keys end
}

type listItem struct {
	start, end int // with the quotes
	value      string
}

func findList(text []byte) (*list, error) {
	if _, err := checked(text); err != nil {
		return nil, &Error{Kind: ErrRequirement, Message: "pyproject.toml is not valid TOML", Err: err}
	}
	byHand := &Error{Kind: ErrRequirement, Message: "pyproject.toml: dependencies is not a list in [project]", Advice: "edit it by hand, and run pymode-tui sync"}
	l := &list{}
	var parser unstable.Parser
	parser.Reset(text)
	current := ""
	for parser.NextExpression() {
		e := parser.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			if current == "project" {
				l.end = lineStart(text, keyOffset(&parser, e))
			}
			current = keyText(e)
			if current == "project" {
				l.project, l.end = true, len(text)
			}
		case unstable.KeyValue:
			full := keyText(e)
			if current != "" {
				full = current + "." + full
			}
			if full == "project" {
				return nil, byHand
			}
			if full != "project.dependencies" {
				continue
			}
			if e.Value().Kind != unstable.Array {
				return nil, byHand
			}
			if err := l.read(&parser, text, e); err != nil {
				return nil, byHand
			}
		}
	}
	return l, parser.Error()
}

// read takes the positions of a list's parts.
func (l *list) read(parser *unstable.Parser, text []byte, e *unstable.Node) error {
	l.found = true
	equals := bytes.IndexByte(text[keyOffset(parser, e):], '=')
	l.open = keyOffset(parser, e) + equals
	l.open += bytes.IndexByte(text[l.open:], '[')
	at := l.open + 1
	for it := e.Value().Children(); it.Next(); {
		n := it.Node()
		if n.Kind == unstable.Comment {
			continue
		}
		if n.Kind != unstable.String {
			return errors.New("not a string")
		}
		start := int(n.Raw.Offset)
		l.items = append(l.items, listItem{start: start, end: start + int(n.Raw.Length), value: string(n.Data)})
		at = start + int(n.Raw.Length)
	}
	for at < len(text) && text[at] != ']' {
		if text[at] == '#' {
			at += max(bytes.IndexByte(text[at:], '\n'), 1)
			continue
		}
		at++
	}
	l.close = at
	return nil
}

func keyText(e *unstable.Node) string {
	var parts []string
	for it := e.Key(); it.Next(); {
		parts = append(parts, string(it.Node().Data))
	}
	return strings.Join(parts, ".")
}

func keyOffset(parser *unstable.Parser, e *unstable.Node) int {
	it := e.Key()
	it.Next()
	return parser.Shape(it.Node().Raw).Start.Offset
}

func lineStart(text []byte, at int) int { return bytes.LastIndexByte(text[:at], '\n') + 1 }

// insertList puts a new list at the end of [project], or a new [project] at the end.
func insertList(text []byte, l *list, quoted, name string) []byte {
	entry := "dependencies = [" + quoted + "]\n"
	if !l.project {
		head := "[project]\nname = " + strconv.Quote(validName(name)) + "\nversion = \"0.1.0\"\n"
		if len(text) > 0 {
			head = "\n" + head
			if !bytes.HasSuffix(text, []byte("\n")) {
				head = "\n" + head
			}
		}
		return append(append([]byte{}, text...), head+entry...)
	}
	at := l.end
	for at > 0 { // back over blank lines and comments, which belong to the next table
		start := lineStart(text, at-1)
		line := bytes.TrimSpace(text[start:at])
		if len(line) > 0 && line[0] != '#' {
			break
		}
		at = start
	}
	if at > 0 && text[at-1] != '\n' {
		entry = "\n" + entry
	}
	return splice(text, at, at, entry)
}

// validName makes a name that [project] may have.
func validName(name string) string {
	parts := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	if len(parts) == 0 {
		return "worker"
	}
	return strings.Join(parts, "-")
}
