package project

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// parseTOML reads a TOML file. The document is decoded in the ordinary way,
// which checks all of its rules; the keys' positions come from a second pass.
func parseTOML(file string, text []byte) (*table, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	var document map[string]any
	if err := toml.Unmarshal(text, &document); err != nil {
		e := &Error{File: file, Message: strings.TrimPrefix(err.Error(), "toml: "), Err: err}
		var decode *toml.DecodeError
		if errors.As(err, &decode) {
			e.Line, e.Column = decode.Position()
		}
		return nil, e
	}
	places := &tomlPlaces{at: map[string]place{}, lengths: map[string]int{}}
	places.read(text)
	s := source{file}
	v, err := s.fromTOML(document, places, "")
	if err != nil {
		return nil, err
	}
	return v.data.(*table), nil
}

// fromTOML makes a value of what go-toml decoded at path.
func (s source) fromTOML(data any, places *tomlPlaces, path string) (*value, error) {
	where := places.of(path)
	v := &value{line: where.line, column: where.column}
	switch data := data.(type) {
	case map[string]any:
		t := newTable()
		for _, name := range places.sorted(path, data) {
			child, err := s.fromTOML(data[name], places, join(path, name))
			if err != nil {
				return nil, err
			}
			t.set(name, child)
		}
		v.data = t
	case []any:
		list := make([]*value, len(data))
		for i := range data {
			child, err := s.fromTOML(data[i], places, join(path, strconv.Itoa(i)))
			if err != nil {
				return nil, err
			}
			list[i] = child
		}
		v.data = list
	case float64:
		if math.IsInf(data, 0) || math.IsNaN(data) {
			return nil, s.wrong(v, "", "%v has no form in JSON, which is what the worker gets", data)
		}
		v.data = data
	case time.Time:
		v.data = data.Format(time.RFC3339Nano)
	case toml.LocalDate:
		v.data = data.String()
	case toml.LocalTime:
		v.data = data.String()
	case toml.LocalDateTime:
		v.data = data.String()
	default: // string, int64, bool
		v.data = data
	}
	return v, nil
}

// place is where a key or an element stands in a file, both from 1.
type place struct{ line, column int }

// tomlPlaces knows where in a document each path stands. A path is its keys,
// and its indices in lists, separated by NUL.
type tomlPlaces struct {
	at      map[string]place
	lengths map[string]int // of the arrays of tables, so far
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "\x00" + name
}

// of returns the place of path or of the nearest thing around it.
func (p *tomlPlaces) of(path string) place {
	for {
		if where, ok := p.at[path]; ok {
			return where
		}
		cut := strings.LastIndexByte(path, 0)
		if cut < 0 {
			return place{1, 1}
		}
		path = path[:cut]
	}
}

// read notes the places of a valid document's keys.
func (p *tomlPlaces) read(text []byte) {
	var parser unstable.Parser
	parser.Reset(text)
	current := ""
	for parser.NextExpression() {
		switch e := parser.Expression(); e.Kind {
		case unstable.Table:
			current = p.key(&parser, "", e)
		case unstable.ArrayTable:
			list := p.key(&parser, "", e)
			current = join(list, strconv.Itoa(p.lengths[list]))
			p.at[current] = p.last(&parser, e)
			p.lengths[list]++
		case unstable.KeyValue:
			p.keyValue(&parser, current, e)
		}
	}
}

// key notes the places of a dotted key and returns its path below prefix. The
// tables it passes through may be arrays of tables, whose last element is meant.
func (p *tomlPlaces) key(parser *unstable.Parser, prefix string, e *unstable.Node) string {
	path := prefix
	for it := e.Key(); it.Next(); {
		if n := p.lengths[path]; n > 0 {
			path = join(path, strconv.Itoa(n-1))
		}
		path = join(path, string(it.Node().Data))
		if _, seen := p.at[path]; !seen {
			p.at[path] = placeOf(parser, it.Node())
		}
	}
	return path
}

// last returns the place of a key's last part.
func (p *tomlPlaces) last(parser *unstable.Parser, e *unstable.Node) place {
	var where place
	for it := e.Key(); it.Next(); {
		where = placeOf(parser, it.Node())
	}
	return where
}

func (p *tomlPlaces) keyValue(parser *unstable.Parser, prefix string, e *unstable.Node) {
	p.value(parser, p.key(parser, prefix, e), e.Value())
}

// value notes the places inside of an inline table or a list.
func (p *tomlPlaces) value(parser *unstable.Parser, path string, v *unstable.Node) {
	switch v.Kind {
	case unstable.InlineTable:
		for it := v.Children(); it.Next(); {
			p.keyValue(parser, path, it.Node())
		}
	case unstable.Array:
		i := 0
		for it := v.Children(); it.Next(); {
			n := it.Node()
			if n.Kind == unstable.Comment {
				continue
			}
			element := join(path, strconv.Itoa(i))
			if n.Raw.Length > 0 {
				p.at[element] = placeOf(parser, n)
			}
			p.value(parser, element, n)
			i++
		}
	}
}

func placeOf(parser *unstable.Parser, n *unstable.Node) place {
	start := parser.Shape(n.Raw).Start
	return place{start.Line, start.Column}
}

// sorted returns a table's keys in the order of the file.
func (p *tomlPlaces) sorted(path string, data map[string]any) []string {
	return slices.SortedFunc(maps.Keys(data), func(a, b string) int {
		at, bt := p.of(join(path, a)), p.of(join(path, b))
		return cmp.Or(cmp.Compare(at.line, bt.line), cmp.Compare(at.column, bt.column), cmp.Compare(a, b))
	})
}
