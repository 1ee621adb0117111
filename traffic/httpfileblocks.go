package traffic

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	definitionLine = regexp.MustCompile(`^\s*@([^\s=:]+)\s*:?=[ \t]*(.*?)[ \t]*$`)
	metaLine       = regexp.MustCompile(`^\s*(?:#|//)\s*@([\w-]+)(?:[ \t]*[= \t][ \t]*(.*))?$`)
	scriptStart    = regexp.MustCompile(`^\s*[<>]\s*\{%`)
	scriptFile     = regexp.MustCompile(`^>\s+\S+\.m?js\s*$`)
	responseFile   = regexp.MustCompile(`^(?:>>!?|<>)\s+\S`)
	bodyFile       = regexp.MustCompile(`^<(@?)([\w-]*)[ \t]+(\S.*?)[ \t]*$`)
)

// blocks splits a text into requests, and notes the variables that it defines.
func (p *httpParser) blocks(text string) ([]*block, error) {
	var blocks []*block
	var lines []textLine
	name, number := "", 0
	flush := func() error {
		b, err := p.block(name, lines)
		if b != nil {
			blocks = append(blocks, b)
		}
		return err
	}
	for line := range strings.Lines(text) {
		if number++; number > maxLines {
			return nil, &FormatError{Message: fmt.Sprintf("more than %d lines", maxLines), Advice: "put large bodies into files: < body.json"}
		}
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if !strings.HasPrefix(line, "###") {
			lines = append(lines, textLine{number, line})
			continue
		}
		if err := flush(); err != nil {
			return nil, err
		}
		name, lines = cleanName(strings.TrimLeft(line, "#")), lines[:0]
	}
	if err := flush(); err != nil {
		return nil, err
	}
	return blocks, nil
}

// cleanName is a request's name in one line of 200 characters at most.
func cleanName(s string) string {
	runes := []rune(strings.TrimSpace(singleLine(s)))
	return strings.TrimSpace(string(runes[:min(len(runes), 200)]))
}

// block reads the lines of one request; nil where there are only comments.
func (p *httpParser) block(name string, lines []textLine) (*block, error) {
	b := &block{name: name}
	rest, err := p.head(b, lines)
	if err != nil || b.request == "" {
		return nil, err
	}
	if rest, err = requestGoesOn(b, rest); err != nil {
		return nil, err
	}
	for len(rest) > 0 {
		line := trimBlank(rest[0].text)
		if line == "" || line[0] == '<' || line[0] == '>' {
			break
		}
		if isComment(line) {
			p.meta(b, line)
		} else {
			b.headers = append(b.headers, textLine{rest[0].number, line})
		}
		if len(b.headers) > maxHeaders {
			return nil, &FormatError{Line: b.line, Message: fmt.Sprintf("more than %d headers", maxHeaders)}
		}
		rest = rest[1:]
	}
	return b, p.bodyPieces(b, rest)
}

// requestGoesOn adds the lines that continue a request line: indented ones, and
// those that begin with ? or &. What stands behind is returned.
func requestGoesOn(b *block, lines []textLine) ([]textLine, error) {
	request := []string{b.request}
	size := len(b.request)
	for len(lines) > 0 {
		line := trimBlank(lines[0].text)
		indented := line != "" && lines[0].text[0] != line[0]
		if line == "" || isComment(line) || !indented && line[0] != '?' && line[0] != '&' {
			break
		}
		lines = lines[1:]
		if isHTTPVersion(line) {
			break
		}
		if len(request) == 1 {
			request[0] = withoutVersion(request[0])
		}
		request = append(request, line)
		if size += len(line); size > maxURL {
			return nil, &FormatError{Line: b.line, Message: fmt.Sprintf("the URL is longer than %d kB", maxURL>>10)}
		}
	}
	b.request = strings.Join(request, "")
	return lines, nil
}

// head reads the comments, variables and scripts before a request line, and the
// first line of that. What stands behind is returned.
func (p *httpParser) head(b *block, lines []textLine) ([]textLine, error) {
	for len(lines) > 0 {
		line := lines[0]
		text := trimBlank(line.text)
		lines = lines[1:]
		switch {
		case text == "":
		case isComment(text):
			p.meta(b, text)
		case definitionLine.MatchString(text):
			match := definitionLine.FindStringSubmatch(text)
			if err := p.variables.define(match[1], match[2], line.number); err != nil {
				return nil, err
			}
		case scriptStart.MatchString(text):
			p.warnings.add(fmt.Sprintf("line %d", line.number), "the script is left out")
			lines = behindScript(text, lines)
		case text[0] == '<', strings.HasPrefix(text, "import "), strings.HasPrefix(text, "run "):
			p.warnings.add(fmt.Sprintf("line %d", line.number), "%s is left out", shown(text))
		default:
			method, target := splitRequestLine(text)
			if method != strings.ToUpper(method) && !slices.Contains(standardMethods, strings.ToUpper(method)) {
				method = ""
			}
			if method == "" && strings.ContainsAny(target, " \t") && !strings.Contains(text, "{{") {
				return nil, &FormatError{
					Line: line.number, Message: shown(text) + " is no request",
					Advice: "a request begins with a method and a URL: GET /path",
				}
			}
			b.request, b.line = text, line.number
			return lines, nil
		}
	}
	return nil, nil
}

// behindScript is what stands behind the end of a script.
func behindScript(first string, lines []textLine) []textLine {
	if strings.Contains(first, "%}") {
		return lines
	}
	for i, line := range lines {
		if strings.Contains(line.text, "%}") {
			return lines[i+1:]
		}
	}
	return nil
}

func isComment(line string) bool {
	return strings.HasPrefix(line, "#") || strings.HasPrefix(line, "//")
}

// meta reads a comment that means something: a name, or a variable that is asked for.
func (p *httpParser) meta(b *block, line string) {
	match := metaLine.FindStringSubmatch(line)
	if match == nil {
		return
	}
	switch match[1] {
	case "name":
		if name := cleanName(match[2]); name != "" {
			b.name = name
		}
	case "prompt":
		if fields := strings.Fields(match[2]); len(fields) > 0 {
			p.variables.ask(fields[0])
		}
	}
}

// bodyPieces reads the lines behind the headers.
func (p *httpParser) bodyPieces(b *block, lines []textLine) error {
	for len(lines) > 0 && trimBlank(lines[0].text) == "" {
		lines = lines[1:]
	}
	var text *piece
	for len(lines) > 0 {
		line := lines[0]
		lines = lines[1:]
		switch match := bodyFile.FindStringSubmatch(line.text); {
		case scriptStart.MatchString(line.text):
			p.warnings.add(fmt.Sprintf("line %d", line.number), "the script is left out")
			lines = behindScript(line.text, lines)
		case scriptFile.MatchString(line.text), responseFile.MatchString(line.text):
			p.warnings.add(fmt.Sprintf("line %d", line.number), "%s is left out", shown(line.text))
		case match != nil && (match[1] == "@" || match[2] == ""):
			b.body = append(b.body, piece{line: line.number, file: match[3], expanded: match[1] == "@", encoding: match[2]})
			text = nil
		default:
			if text == nil {
				b.body = append(b.body, piece{line: line.number})
				text = &b.body[len(b.body)-1]
			}
			text.lines = append(text.lines, line.text)
		}
		if len(b.body) > maxHeaders {
			return &FormatError{Line: b.line, Message: fmt.Sprintf("more than %d files in a body", maxHeaders)}
		}
	}
	trimPieces(b)
	return nil
}

// trimPieces takes empty lines off the end.
func trimPieces(b *block) {
	for len(b.body) > 0 {
		last := &b.body[len(b.body)-1]
		if last.file != "" {
			return
		}
		n := len(last.lines)
		for n > 0 && trimBlank(last.lines[n-1]) == "" {
			n--
		}
		if last.lines = last.lines[:n]; n > 0 {
			return
		}
		b.body = b.body[:len(b.body)-1]
	}
}
