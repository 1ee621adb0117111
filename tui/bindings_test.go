package tui

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pymode-tui/runtime"

	tea "charm.land/bubbletea/v2"
)

// fakeHoldings is a namespace, a bucket and a database in memory.
type fakeHoldings struct {
	values  map[string]string
	queries []string
	err     error // of the next calls
}

func newFakeHoldings() *fakeHoldings {
	return &fakeHoldings{values: map[string]string{
		"user:7": `{"id":7,"name":"Ada"}`, "user:8": "\x00\x01binary", "evil\x1b[2J": "x", "visits": "41",
	}}
}

func (h *fakeHoldings) Stores() []Store {
	return []Store{
		{Kind: StoreKV, Worker: testWorker, Binding: "CACHE_KV", Target: "1f2e", Where: "local"},
		{Kind: StoreR2, Worker: testWorker, Binding: "FILES", Target: "FILES", Where: "local"},
		{Kind: StoreD1, Worker: testWorker, Binding: "MY_DB", Target: "shop", Where: "local"},
	}
}

func (h *fakeHoldings) Items(_ context.Context, s Store, prefix, cursor string) (Page, error) {
	if s.Kind == StoreD1 {
		return Page{Items: []Item{{"orders", "1 row"}, {"users", "2 rows"}}}, h.err
	}
	var page Page
	for _, name := range slices.Sorted(maps.Keys(h.values)) {
		if strings.HasPrefix(name, prefix) && name > cursor {
			if len(page.Items) == 3 {
				page.Next = page.Items[2].Name
				break
			}
			page.Items = append(page.Items, Item{name, fmt.Sprint(len(h.values[name]), " B")})
		}
	}
	return page, h.err
}

func (h *fakeHoldings) Read(_ context.Context, s Store, name string) (Content, error) {
	if s.Kind == StoreD1 {
		return Content{Columns: []string{"id", "name"}, Rows: [][]string{{"7", "Ada"}, {"8", "Grace\x1b[31m"}}, Note: "2 rows"}, h.err
	}
	return Content{Value: []byte(h.values[name]), Note: "of " + name, Editable: true}, h.err
}

func (h *fakeHoldings) Write(_ context.Context, _ Store, name string, value []byte) error {
	h.values[name] = string(value)
	return h.err
}

func (h *fakeHoldings) Delete(_ context.Context, _ Store, name string) error {
	delete(h.values, name)
	return h.err
}

func (h *fakeHoldings) Query(_ context.Context, _ Store, sql string) (Content, error) {
	h.queries = append(h.queries, sql)
	return Content{Columns: []string{"n"}, Rows: [][]string{{"3"}}, Note: "1 row"}, h.err
}

func TestBrowseKV(t *testing.T) {
	c := newConsole(t)
	p := c.Bindings()
	p.Focus().Lines("● KV CACHE_KV  1f2e                                                    local",
		"  R2 FILES                                                             local",
		"  D1 MY_DB  shop                                                       local")
	p.Press("enter").Lines("● evil                                                                   1 B",
		"  user:7                                                                21 B",
		"  user:8                                                                 8 B")
	c.Screen("CACHE_KV", "KV local")
	p.Press("j", "j", "j").Marked("●", "visits", "2 B") // the next page comes when the end is reached
	p.Press("k", "k", "enter").Lines("of user:7", "{", `  "id": 7,`, `  "name": "Ada"`, "}")
	p.Press("esc").Marked("●", "user:7").Press("esc").Marked("●", "CACHE_KV")
}

func TestSearchKV(t *testing.T) {
	c := newConsole(t)
	p := c.Bindings()
	p.Focus().Press("enter", "/")
	c.Type("user:").Footer("enter keep")
	if cursor := c.model.View().Cursor; cursor == nil || cursor.X != 19 {
		t.Errorf("cursor %+v", cursor)
	}
	p.Press("enter").First("● user:7                                                                21 B")
	c.Screen("user:*")
	p.Press("/")
	c.Type("8")
	p.Press("esc").Contains("user:7") // leaving changes nothing
	p.Press("/")
	c.Type("none")
	p.Press("enter").Lines("nothing begins with user:none")
}

func TestDeleteAsks(t *testing.T) {
	c := newConsole(t)
	p := c.Bindings()
	p.Focus().Press("enter", "j", "x").Contains("delete user:7? y/n").Press("n").Contains("user:7")
	p.Press("x", "y").Lacks("user:7").Contains("user:8")
	p.Press("enter").Contains("of user:8").Press("x", "y").Lacks("of user:8").Contains("visits")
}

func TestQuery(t *testing.T) {
	c := newConsole(t)
	p := c.Bindings()
	p.Focus().Press("j", "j", "enter").Contains("orders", "1 row", "users", "2 rows")
	p.Press("j", "enter").Lines("2 rows", "id  name", "7   Ada", "8   Grace")
	p.Press("s")
	c.Type("select count(*) n from users")
	p.Press("enter").Lines("1 row", "n", "3")
	if want := []string{"select count(*) n from users"}; !slices.Equal(c.data.queries, want) {
		t.Errorf("queries %q", c.data.queries)
	}
	c.data.err = errors.New("no such table: nope")
	p.Press("s", "enter")
	c.Footer("no such table: nope")
	p.Press("x")
	c.Footer("deleted with SQL")
}

func TestBindingsAreReadAgain(t *testing.T) {
	c := newConsole(t)
	p := c.Bindings()
	p.Focus().Press("enter", "j", "j", "j", "enter").Lines("of visits", "41")
	c.data.values["visits"] = "42"
	c.Events(runtime.Called{Worker: testWorker, Call: runtime.Call{Op: "kv.put", Detail: "visits"}})
	p.Lines("of visits", "42")
}

// The editor's file has the value, and what is saved is written back.
func TestEdit(t *testing.T) {
	c := newConsole(t)
	c.Bindings().Focus().Press("enter", "j", "j")
	script := filepath.Join(t.TempDir(), "editor")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nprintf ' edited' >> \"$1\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("EDITOR", script)
	store := c.data.Stores()[0]
	cmd := c.model.startEditor(editMsg{store: store, name: "visits", content: Content{Value: []byte("41"), Editable: true}})
	if cmd == nil {
		t.Fatal("no editor was started")
	}
	if got := fmt.Sprintf("%T", cmd()); got != "tea.execMsg" {
		t.Errorf("the command is a %s", got)
	}
	c.Send(editMsg{name: "large", content: Content{}})
	c.Footer("too large to be edited")
	c.Send(editMsg{err: errors.New("boom")})
	c.Footer("edit failed: boom")
	c.Send(changedMsg{"write", errors.New("disk full")})
	c.Footer("write failed: disk full")
	c.Send(tea.PasteMsg{Content: "ignored"})
}

func TestNoBindings(t *testing.T) {
	c := newConsole(t, func(o *Options) { o.Holdings = nil })
	c.Bindings().Focus().Lines("no KV namespace, bucket or database: the worker's config has none").Press("enter", "e", "x", "s", "/", "esc")
}
