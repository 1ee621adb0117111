package tui

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"pymode-tui/traffic"
)

// remembered is what a console finds as it was left. It is a small JSON file:
//
//	{"focus":"logs","zoom":false,"splits":{"top":480,"bottom":0,"rows":400}}
type remembered struct {
	Focus  string `json:"focus"`
	Zoom   bool   `json:"zoom"`
	Splits splits `json:"splits"`
}

// focusNames are the panes' names in that file, in the order of paneID.
var focusNames = [panes]string{"requests", "detail", "logs", "calls", "bindings", "budgets"}

// largestLayout is how much of such a file is read, in bytes.
const largestLayout = 4 << 10

// restore lays the console out as it was left. A file that is missing, or a console
// without one, leaves it as it is; so does a file that can't be read, which is an
// error.
func (m *Model) restore() error {
	path := m.options.LayoutFile
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var r remembered
	if err == nil && len(text) > largestLayout {
		err = errors.New("too large")
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	focus := slices.Index(focusNames[:], r.Focus)
	if err == nil && (focus < 0 || !r.Splits.valid()) {
		err = errors.New("not a layout")
	}
	if err != nil {
		return fmt.Errorf("%s is left aside: %w", filepath.Base(path), err)
	}
	m.focus, m.zoomed, m.splits = paneID(focus), r.Zoom, r.Splits
	m.loaded = r
	return nil
}

// remember writes how the console is laid out, if it is not what was read.
func (m *Model) remember() error {
	path := m.options.LayoutFile
	now := remembered{Focus: focusNames[m.focus], Zoom: m.zoomed, Splits: m.splits}
	if path == "" || now == m.loaded {
		return nil
	}
	text, err := json.Marshal(now)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = traffic.WriteFile(path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("the layout is not remembered: %w", err)
	}
	return nil
}
