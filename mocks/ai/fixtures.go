package ai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// fixture is an answer that the user has written: a file has one, or a list.
//
//	{"model": "@cf/meta/llama-3.1-8b-instruct", "inputs": {"prompt": "Hi"}, "result": {"response": "Hello"}}
//
// Without a model or inputs it is for all; the inputs that it names must be equal,
// and others may be there.
type fixture struct {
	Model  string                     `json:"model"`
	Inputs map[string]json.RawMessage `json:"inputs"`
	Result json.RawMessage            `json:"result"`

	file string
}

// fixture finds the first answer for a call, by the files' names; nil for none.
func (a *AI) fixture(model string, inputs map[string]json.RawMessage) (*fixture, error) {
	files, err := filepath.Glob(filepath.Join(a.config.Fixtures, "*.json"))
	if err != nil || a.config.Fixtures == "" {
		return nil, err
	}
	for _, file := range files {
		fixtures, err := readFixtures(file)
		if err != nil {
			return nil, err
		}
		for _, f := range fixtures {
			if f.matches(model, inputs) {
				f.file = filepath.Join(filepath.Base(a.config.Fixtures), filepath.Base(file))
				return &f, nil
			}
		}
	}
	return nil, nil
}

func readFixtures(file string) (fixtures []fixture, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		err = json.Unmarshal(text, &fixtures)
	} else {
		fixtures = make([]fixture, 1)
		err = json.Unmarshal(text, &fixtures[0])
	}
	if err != nil {
		return nil, fmt.Errorf("ai/%s: %w", filepath.Base(file), err)
	}
	for _, f := range fixtures {
		if f.Result == nil {
			return nil, fmt.Errorf(`ai/%s: an answer has no "result"`, filepath.Base(file))
		}
	}
	return fixtures, nil
}

func (f *fixture) matches(model string, inputs map[string]json.RawMessage) bool {
	if f.Model != "" && f.Model != model {
		return false
	}
	for name, want := range f.Inputs {
		if !equal(want, inputs[name]) {
			return false
		}
	}
	return true
}

// equal compares JSON, whatever its spaces and the order of its names.
func equal(a, b json.RawMessage) bool {
	x, errX := canonical(a)
	y, errY := canonical(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func canonical(text json.RawMessage) ([]byte, error) {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}
