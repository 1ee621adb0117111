package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"pymode-tui/mocks/d1"
	"pymode-tui/mocks/kv"
	"pymode-tui/mocks/r2"
	"pymode-tui/project"
	"pymode-tui/tui"

	"github.com/ncruces/go-sqlite3"
)

// holdings is what the workers of a session hold in KV, R2 and D1, as the
// console browses it.
type holdings struct{ session *session }

const (
	maxItems  = 1000    // of a page
	maxShown  = 1 << 20 // bytes of a value that are shown, and may be edited
	maxRows   = 500     // of a table or a query
	noteRound = time.Minute
)

// Stores implements [tui.Holdings].
func (h *holdings) Stores() []tui.Store {
	var stores []tui.Store
	for _, v := range h.session.workers {
		p := v.current()
		for _, b := range p.Bindings {
			kind, ok := storeKinds[b.Kind]
			if !ok {
				continue
			}
			stores = append(stores, tui.Store{
				Kind: kind, Worker: p.Name, Binding: b.Name, Target: cmp.Or(b.Target, b.Name), Where: h.where(kind),
			})
		}
		stores = append(stores, h.unbound(p, stores)...)
	}
	return stores
}

var storeKinds = map[project.Kind]string{project.KindKV: tui.StoreKV, project.KindR2: tui.StoreR2, project.KindD1: tui.StoreD1}

func (h *holdings) where(kind string) string {
	if kind == tui.StoreKV && h.session.flags.kv != "" {
		return kv.Host(h.session.flags.kv)
	}
	if kind == tui.StoreR2 && h.session.flags.r2 != "" {
		return kv.Host(h.session.flags.r2)
	}
	return "local"
}

// unbound are stores that exist though no config names them: a worker without a
// config has what it asks its env for.
func (h *holdings) unbound(p *project.Project, known []tui.Store) []tui.Store {
	has := func(kind, target string) bool {
		return slices.ContainsFunc(known, func(s tui.Store) bool { return s.Worker == p.Name && s.Kind == kind && s.Target == target })
	}
	var stores []tui.Store
	add := func(kind string, names []string) {
		for _, name := range names {
			if !has(kind, name) {
				stores = append(stores, tui.Store{Kind: kind, Worker: p.Name, Binding: name, Target: name, Where: h.where(kind)})
			}
		}
	}
	parts := h.session.bindings.state(p).parts
	if s, ok := parts["kv"].Opened().(*kv.Store); ok {
		names, _ := s.Namespaces(context.Background()) // what can't be listed can't be browsed
		add(tui.StoreKV, names)
	}
	if s, ok := parts["r2"].Opened().(*r2.Store); ok {
		add(tui.StoreR2, s.Buckets())
	}
	if s, ok := parts["d1"].Opened().(*d1.Store); ok {
		add(tui.StoreD1, s.Databases())
	}
	return stores
}

// part is what holds a store.
func part[T any](h *holdings, s tui.Store, name string) (part T, err error) {
	for _, v := range h.session.workers {
		if v.project.Name != s.Worker {
			continue
		}
		opened, err := h.session.bindings.state(v.project).parts[name].Part()
		if err != nil {
			return part, err
		}
		part, ok := opened.(T)
		if !ok {
			return part, fmt.Errorf("%s is no %s store", s.Binding, name)
		}
		return part, nil
	}
	return part, fmt.Errorf("there is no worker %s", s.Worker)
}

// Items implements [tui.Holdings].
func (h *holdings) Items(ctx context.Context, s tui.Store, prefix, cursor string) (page tui.Page, err error) {
	switch s.Kind {
	case tui.StoreKV:
		store, err := part[*kv.Store](h, s, "kv")
		if err != nil {
			return page, err
		}
		keys, err := store.List(ctx, s.Target, prefix, cursor, maxItems)
		for _, k := range keys.Keys {
			page.Items = append(page.Items, tui.Item{Name: k.Name, Note: keyNote(k)})
		}
		page.Next = keys.Cursor
		return page, err
	case tui.StoreR2:
		store, err := part[*r2.Store](h, s, "r2")
		if err != nil {
			return page, err
		}
		objects, next, err := store.List(ctx, s.Target, prefix, cursor, maxItems)
		for _, o := range objects {
			page.Items = append(page.Items, tui.Item{Name: o.Key, Note: objectNote(o)})
		}
		page.Next = next
		return page, err
	case tui.StoreD1:
		store, err := part[*d1.Store](h, s, "d1")
		if err != nil {
			return page, err
		}
		tables, err := store.Tables(ctx, s.Target)
		for _, t := range tables {
			page.Items = append(page.Items, tui.Item{Name: t.Name, Note: counted(t.Rows, "row")})
		}
		return page, err
	}
	return page, errNoStore(s)
}

func errNoStore(s tui.Store) error { return fmt.Errorf("%s can't be browsed", s.Kind) }

func counted(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.FormatInt(n, 10) + " " + noun + "s"
}

// keyNote says what there is of a key beside its value.
func keyNote(k kv.Key) string {
	note := ""
	if len(k.Metadata) > 0 {
		note = oneLine(string(k.Metadata[:min(len(k.Metadata), 60)]))
	}
	if k.Expiration > 0 {
		if note != "" {
			note += "  "
		}
		left := time.Until(time.Unix(k.Expiration, 0))
		if left > time.Hour {
			left = left.Round(noteRound)
		}
		note += "expires in " + left.Round(time.Second).String()
	}
	return note
}

func objectNote(o r2.ObjectInfo) string {
	note := counted(o.Size, "byte") + "  " + o.Uploaded.Local().Format(time.DateTime)
	if o.ContentType != "" {
		note = o.ContentType + "  " + note
	}
	return note
}

// Read implements [tui.Holdings].
func (h *holdings) Read(ctx context.Context, s tui.Store, name string) (c tui.Content, err error) {
	switch s.Kind {
	case tui.StoreKV:
		store, err := part[*kv.Store](h, s, "kv")
		if err != nil {
			return c, err
		}
		value, k, err := store.Value(ctx, s.Target, name)
		if err != nil {
			return c, err
		}
		return valueContent(value, int64(len(value)), keyNote(k)), nil
	case tui.StoreR2:
		store, err := part[*r2.Store](h, s, "r2")
		if err != nil {
			return c, err
		}
		value, o, err := store.Read(ctx, s.Target, name, maxShown+1)
		if err != nil {
			return c, err
		}
		return valueContent(value, o.Size, o.ContentType), nil
	case tui.StoreD1:
		return h.rows(ctx, s, "SELECT * FROM "+sqlite3.QuoteIdentifier(name)+" LIMIT "+strconv.Itoa(maxRows+1))
	}
	return c, errNoStore(s)
}

// valueContent shows a value of a size, of which value is the beginning.
func valueContent(value []byte, size int64, note string) tui.Content {
	c := tui.Content{Value: value, Note: counted(size, "byte"), Editable: size <= maxShown}
	if !c.Editable {
		value = value[:min(len(value), maxShown)]
		for len(value) > 0 && !utf8.Valid(value[max(len(value)-utf8.UTFMax, 0):]) && utf8.RuneStart(value[len(value)-1]) {
			value = value[:len(value)-1]
		}
		c.Value = value
		c.Note += fmt.Sprintf(", the first %d MB", maxShown>>20)
	}
	if note != "" {
		c.Note += "  " + note
	}
	return c
}

// Query implements [tui.Holdings].
func (h *holdings) Query(ctx context.Context, s tui.Store, sql string) (tui.Content, error) {
	return h.rows(ctx, s, sql)
}

func (h *holdings) rows(ctx context.Context, s tui.Store, sql string) (c tui.Content, err error) {
	store, err := part[*d1.Store](h, s, "d1")
	if err != nil {
		return c, err
	}
	columns, rows, meta, err := store.Query(ctx, s.Target, sql)
	if err != nil {
		return c, err
	}
	if c.Columns = columns; c.Columns == nil {
		c.Columns = []string{}
	}
	for _, row := range rows[:min(len(rows), maxRows)] {
		cells := make([]string, len(row))
		for i, value := range row {
			cells[i] = cellText(value)
		}
		c.Rows = append(c.Rows, cells)
	}
	c.Note = counted(int64(len(c.Rows)), "row")
	if len(rows) > maxRows {
		c.Note = fmt.Sprintf("the first %d rows", maxRows)
	}
	if meta.Changes > 0 {
		c.Note = counted(meta.Changes, "change")
	}
	return c, nil
}

// cellText is a value of SQLite's as a table shows it.
func cellText(value any) string {
	const longest = 1000
	switch v := value.(type) {
	case nil:
		return "NULL"
	case []byte:
		return fmt.Sprintf("x'%x'", v[:min(len(v), 32)])
	case string:
		return v[:min(len(v), longest)]
	default:
		return fmt.Sprint(v)
	}
}

// Write implements [tui.Holdings].
func (h *holdings) Write(ctx context.Context, s tui.Store, name string, value []byte) error {
	switch s.Kind {
	case tui.StoreKV:
		store, err := part[*kv.Store](h, s, "kv")
		if err != nil {
			return err
		}
		return store.SetValue(ctx, s.Target, name, value)
	case tui.StoreR2:
		store, err := part[*r2.Store](h, s, "r2")
		if err != nil {
			return err
		}
		return store.Write(ctx, s.Target, name, bytes.NewReader(value))
	}
	return errNoStore(s)
}

// Delete implements [tui.Holdings].
func (h *holdings) Delete(ctx context.Context, s tui.Store, name string) error {
	switch s.Kind {
	case tui.StoreKV:
		store, err := part[*kv.Store](h, s, "kv")
		if err != nil {
			return err
		}
		return store.Remove(ctx, s.Target, name)
	case tui.StoreR2:
		store, err := part[*r2.Store](h, s, "r2")
		if err != nil {
			return err
		}
		return store.Delete(ctx, s.Target, name)
	}
	return errNoStore(s)
}
