package traffic

import (
	"encoding/base64"
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// The bounds of a script for the shell's grammar, which is parsed by recursion:
// some thousand brackets in one another are as much as the stack is worth.
const (
	maxScript   = 256 << 10 // bytes, without long quotations
	maxBrackets = 10_000    // of any kind, without long quotations
	longQuote   = 64        // bytes
)

// posixCommands reads a script of a POSIX shell, or of bash, as far as it is
// made of plain commands.
func posixCommands(text string, w *warningList) ([]command, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for _, prompt := range []string{"$ ", "> "} { // copied with the prompt
		text = strings.TrimPrefix(strings.TrimLeft(text, " \t\n"), prompt)
	}
	s := &script{text: text, warnings: w}
	if !isSmallScript(text) {
		s.shorten()
		if !isSmallScript(s.text) {
			return nil, &FormatError{Message: "too long or too nested for a command", Advice: "put the body into a file: --data-binary @file"}
		}
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(s.text), "")
	if err != nil {
		return nil, shellError(err)
	}
	if err := s.statements(file.Stmts); err != nil {
		return nil, err
	}
	if len(s.quotes) > 0 {
		return nil, &FormatError{Message: "the quotes don't match", Advice: "put the body into a file: --data-binary @file"}
	}
	return s.commands, nil
}

// shellError is an error of the shell's grammar in this package's form.
func shellError(err error) error {
	message, line := err.Error(), 0
	switch e := err.(type) { //nolint:errorlint // the parser returns its errors bare
	case syntax.ParseError:
		message, line = e.Text, int(e.Pos.Line())
	case syntax.LangError:
		line = int(e.Pos.Line())
	}
	return &FormatError{Line: line, Message: "the shell would not read it: " + singleLine(message), Advice: "look for a quote that is not closed"}
}

func isSmallScript(text string) bool {
	n := 0
	for i := range len(text) {
		switch text[i] {
		case '(', '{', '[', '`':
			n++
		}
	}
	return len(text) <= maxScript && n <= maxBrackets
}

// script is what is made of a parsed script.
type script struct {
	text     string
	quotes   map[int]string // what stood in long quotations, by the offset of the quotation
	warnings *warningList
	commands []command
}

// shorten takes the content of long single-quoted strings out of the text. It
// is put back when the parser finds a quotation at the same place.
func (s *script) shorten() {
	var b strings.Builder
	s.quotes = map[int]string{}
	text := s.text
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			b.WriteString(text[i : i+2])
			i += 2
		case c == '"':
			end := i + 1
			for end < len(text) && text[end] != '"' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end+1, len(text))
			b.WriteString(text[i:end])
			i = end
		case c == '\'':
			start := i + 1
			dollar := i > 0 && text[i-1] == '$'
			end := start
			for end < len(text) && text[end] != '\'' {
				if dollar && text[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end, len(text))
			content := text[start:end]
			if len(content) > longQuote {
				s.quotes[b.Len()] = content
				content = ""
			}
			b.WriteByte('\'')
			b.WriteString(content)
			i = end
			if i < len(text) {
				b.WriteByte('\'')
				i++
			}
		default:
			b.WriteByte(c)
			i++
		}
	}
	s.text = b.String()
}

func (s *script) statements(list []*syntax.Stmt) error {
	for _, stmt := range list {
		if err := s.statement(stmt, nil); err != nil {
			return err
		}
	}
	return nil
}

// statement reads a command with its redirections; stdin is what is piped into it.
func (s *script) statement(stmt *syntax.Stmt, stdin []byte) error {
	if stmt.Background {
		s.warn(stmt.Pos(), "what stands behind & is another command: is the URL without quotes?")
	}
	for _, r := range stmt.Redirs {
		text, ok, err := s.here(r)
		if err != nil {
			return err
		}
		if ok {
			stdin = text
		} else {
			s.warn(r.Pos(), "the redirection is ignored")
		}
	}
	return s.command(stmt.Cmd, stdin)
}

// here is the text of a here-document or a here-string.
func (s *script) here(r *syntax.Redirect) (text []byte, ok bool, err error) {
	switch r.Op {
	case syntax.WordHdoc:
		line, err := s.word(r.Word)
		return []byte(line + "\n"), true, err
	case syntax.Hdoc, syntax.DashHdoc:
	default:
		return nil, false, nil
	}
	text = []byte{}
	if r.Hdoc == nil {
		return text, true, nil
	}
	isQuoted := r.Word.Lit() == "" || strings.Contains(r.Word.Lit(), `\`)
	for _, part := range r.Hdoc.Parts {
		lit, isLit := part.(*syntax.Lit)
		switch {
		case !isLit:
			return nil, false, s.dynamic(part)
		case isQuoted:
			text = append(text, lit.Value...)
		default:
			text = append(text, unescapeBackslash(lit.Value, func(c byte) bool { return strings.IndexByte("$`\\\n", c) >= 0 })...)
		}
	}
	if r.Op == syntax.DashHdoc {
		lines := strings.SplitAfter(string(text), "\n")
		for i, line := range lines {
			lines[i] = strings.TrimLeft(line, "\t")
		}
		text = []byte(strings.Join(lines, ""))
	}
	return text, true, nil
}

func (s *script) warn(at syntax.Pos, format string, args ...any) {
	s.warnings.add(fmt.Sprintf("line %d", at.Line()), format, args...)
}

// command reads a command; stdin is what is piped into it.
func (s *script) command(c syntax.Command, stdin []byte) error {
	switch c := c.(type) {
	case nil:
		return nil
	case *syntax.CallExpr:
		if len(c.Assigns) > 0 {
			s.warn(c.Pos(), "the variable %s is ignored", shown(c.Assigns[0].Name.Value))
		}
		if len(c.Args) == 0 {
			return nil
		}
		one := command{line: int(c.Pos().Line()), stdin: stdin}
		for _, word := range c.Args {
			text, err := s.word(word)
			if err != nil && len(one.args) > 0 && !isCurl(one.args[0]) {
				one.args = one.args[:1] // it is left out, and what it prints is not known
				break
			}
			if err != nil {
				return err
			}
			one.args = append(one.args, text)
		}
		s.commands = append(s.commands, one)
		return nil
	case *syntax.BinaryCmd:
		return s.binary(c)
	}
	return &FormatError{
		Line: int(c.Pos().Line()), Message: "more than plain commands",
		Advice: "loops, functions and blocks of a shell can't be read: paste the curl command alone",
	}
}

// binary reads commands joined by a pipe, && or ||. What comes before a curl in a
// pipe has to be cat, printf, echo or base64 -d; what comes behind is left out.
func (s *script) binary(c *syntax.BinaryCmd) error {
	if c.Op != syntax.Pipe && c.Op != syntax.PipeAll {
		return s.statements([]*syntax.Stmt{c.X, c.Y})
	}
	before := len(s.commands)
	if err := s.statements([]*syntax.Stmt{c.X}); err != nil {
		return err
	}
	left := s.commands[before:]
	if len(left) == 0 || isCurl(left[len(left)-1].args[0]) {
		s.warn(c.Y.Pos(), "what the answer is piped into is ignored")
		return nil
	}
	stdin := output(left[len(left)-1])
	s.commands = s.commands[:before]
	return s.statement(c.Y, stdin)
}

// output is what a command would print, nil where that is not known.
func output(c command) []byte {
	switch {
	case len(c.args) == 1 && c.args[0] == "cat":
		return c.stdin
	case len(c.args) == 3 && c.args[0] == "printf" && (c.args[1] == "%s" || c.args[1] == "%s\\n"):
		return []byte(c.args[2] + strings.TrimPrefix(strings.ReplaceAll(c.args[1], "\\n", "\n"), "%s"))
	case len(c.args) > 1 && c.args[0] == "echo":
		args := c.args[1:]
		if args[0] == "-n" {
			return []byte(strings.Join(args[1:], " "))
		}
		return []byte(strings.Join(args, " ") + "\n")
	case len(c.args) == 2 && c.args[0] == "base64" && (c.args[1] == "-d" || c.args[1] == "--decode" || c.args[1] == "-D"):
		b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(c.stdin)))
		if err == nil && c.stdin != nil {
			return append([]byte{}, b...)
		}
	}
	return nil
}

// word is what the shell makes of a word. What it would have to look up is an error.
func (s *script) word(w *syntax.Word) (string, error) {
	var b strings.Builder
	for _, part := range w.Parts {
		switch part := part.(type) {
		case *syntax.Lit:
			b.WriteString(unescapeLiteral(part.Value))
		case *syntax.SglQuoted:
			value := part.Value
			at := int(part.Left.Offset())
			if part.Dollar {
				at++
			}
			if kept, ok := s.quotes[at]; ok {
				value = kept
				delete(s.quotes, at)
			}
			if part.Dollar {
				value = unescapeANSI(value)
			}
			b.WriteString(value)
		case *syntax.DblQuoted:
			for _, inner := range part.Parts {
				lit, ok := inner.(*syntax.Lit)
				if !ok {
					return "", s.dynamic(inner)
				}
				b.WriteString(unescapeDouble(lit.Value))
			}
		default:
			return "", s.dynamic(part)
		}
	}
	return b.String(), nil
}

// dynamic is the error for a part of a word that only a shell knows.
func (s *script) dynamic(part syntax.WordPart) error {
	from, to := int(part.Pos().Offset()), int(part.End().Offset())
	source := ""
	if from >= 0 && from <= to && to <= len(s.text) {
		source = s.text[from:to]
	}
	return &FormatError{
		Line:    int(part.Pos().Line()),
		Message: "the value of " + shown(source) + " is not known here",
		Advice:  "put the value into the command, or a single quote around it if it is meant as it stands",
	}
}
