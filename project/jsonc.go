package project

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"
)

// maxDepth is how deep a JSON file may nest. The parser recurses, and nobody
// writes a config this deep.
const maxDepth = 200

// parseJSON reads a JSON file that may have comments and trailing commas.
func parseJSON(file string, text []byte) (*table, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if depth(text) > maxDepth {
		return nil, &Error{File: file, Message: fmt.Sprintf("nested more than %d deep", maxDepth)}
	}
	root, err := hujson.Parse(text)
	if err != nil {
		return nil, jsonError(file, err)
	}
	s := jsonSource{source{file}, text}
	v, err := s.value(&root)
	if err != nil {
		return nil, err
	}
	return s.table(v, "the file")
}

// depth is how many brackets are open at once at most. It counts those in
// strings and comments too, which is no matter for a limit.
func depth(text []byte) int {
	open, deepest := 0, 0
	for _, c := range text {
		switch c {
		case '{', '[':
			open++
			deepest = max(deepest, open)
		case '}', ']':
			open = max(0, open-1)
		}
	}
	return deepest
}

// jsonError takes the place out of the parser's message, where alone it is.
func jsonError(file string, err error) *Error {
	e := &Error{File: file, Message: strings.TrimPrefix(err.Error(), "hujson: "), Err: err}
	place := regexp.MustCompile(`^line (\d+), column (\d+): `).FindStringSubmatch(e.Message)
	if place != nil {
		e.Line, _ = strconv.Atoi(place[1])
		e.Column, _ = strconv.Atoi(place[2])
		e.Message = e.Message[len(place[0]):]
	}
	return e
}

// jsonSource is a JSON file and its text, by whose offsets lines are counted.
type jsonSource struct {
	source
	text []byte
}

func (s jsonSource) value(v *hujson.Value) (*value, error) {
	before := s.text[:v.StartOffset]
	out := &value{
		line:   1 + bytes.Count(before, []byte("\n")),
		column: v.StartOffset - bytes.LastIndexByte(before, '\n'),
	}
	switch data := v.Value.(type) {
	case *hujson.Object:
		t := newTable()
		for i := range data.Members {
			m := &data.Members[i]
			child, err := s.value(&m.Value)
			if err != nil {
				return nil, err
			}
			name, _ := m.Name.Value.(hujson.Literal)
			t.set(name.String(), child)
		}
		out.data = t
	case *hujson.Array:
		list := make([]*value, len(data.Elements))
		for i := range data.Elements {
			child, err := s.value(&data.Elements[i])
			if err != nil {
				return nil, err
			}
			list[i] = child
		}
		out.data = list
	case hujson.Literal:
		if err := s.literal(data, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s jsonSource) literal(l hujson.Literal, out *value) error {
	switch l.Kind() {
	case '"':
		out.data = l.String()
	case 't', 'f':
		out.data = l.Bool()
	case '0':
		if n, err := strconv.ParseInt(string(l), 10, 64); err == nil {
			out.data = n
			return nil
		}
		var f float64
		if err := json.Unmarshal(l, &f); err != nil {
			return s.wrong(out, "", "the number %s is too large", l)
		}
		out.data = f
	}
	return nil
}
