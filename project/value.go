package project

import "fmt"

// value is a value of a config file and where it stands. The readers of TOML and
// JSON make them, so that all that follows knows one form and can name the line.
type value struct {
	data   any // string, int64, float64, bool, nil, []*value or *table
	line   int // from 1
	column int // in bytes, from 1
}

// table is a TOML table or a JSON object, in the file's order where it has one.
type table struct {
	names  []string
	values map[string]*value
}

func newTable() *table { return &table{values: map[string]*value{}} }

func (t *table) set(name string, v *value) {
	if _, seen := t.values[name]; !seen {
		t.names = append(t.names, name)
	}
	t.values[name] = v
}

// get returns the value of name, nil where there is none or it is JSON's null.
func (t *table) get(name string) *value {
	if t == nil {
		return nil
	}
	v := t.values[name]
	if v == nil || v.data == nil {
		return nil
	}
	return v
}

// plain returns the value as encoding/json would have it: map[string]any, []any,
// string, bool, nil; but int64 where a number is an integer, and float64 else.
func (v *value) plain() any {
	switch data := v.data.(type) {
	case *table:
		m := make(map[string]any, len(data.values))
		for name, v := range data.values {
			m[name] = v.plain()
		}
		return m
	case []*value:
		list := make([]any, len(data))
		for i, v := range data {
			list[i] = v.plain()
		}
		return list
	}
	return v.data
}

// kind is what the value is called in an error.
func (v *value) kind() string {
	switch v.data.(type) {
	case string:
		return "a string"
	case int64:
		return "an integer"
	case float64:
		return "a number"
	case bool:
		return "a boolean"
	case []*value:
		return "a list"
	case *table:
		return "a table"
	}
	return "null"
}

// source is the file that values come from, for errors.
type source struct {
	file string
}

// wrong is an error at a value.
func (s source) wrong(v *value, hint, format string, args ...any) *Error {
	return &Error{File: s.file, Line: v.line, Column: v.column, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// text returns a string value; what names it in an error. An absent one is "".
func (s source) text(v *value, what string) (string, error) {
	if v == nil {
		return "", nil
	}
	text, ok := v.data.(string)
	if !ok {
		return "", s.wrong(v, "", "%s must be a string, not %s", what, v.kind())
	}
	return text, nil
}

// table returns a table value. An absent one is nil.
func (s source) table(v *value, what string) (*table, error) {
	if v == nil {
		return nil, nil
	}
	t, ok := v.data.(*table)
	if !ok {
		return nil, s.wrong(v, "", "%s must be a table, not %s", what, v.kind())
	}
	return t, nil
}
