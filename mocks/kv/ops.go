package kv

import (
	"context"
	"encoding/json"
	"fmt"

	"pymode-tui/mocks"
	"pymode-tui/runtime/hostcall"
)

// Ops implements [mocks.Part].
func (s *Store) Ops() map[string]mocks.Op {
	return map[string]mocks.Op{
		"kv.get": s.opGet, "kv.get_multi": s.opGetMulti, "kv.put": s.opPut, "kv.put_multi": s.opPutMulti,
		"kv.delete": s.opDelete, "kv.list": s.opList,
	}
}

// getArgs are those of kv.get and kv.get_multi: {"binding", "key" | "keys", "type", "cache_ttl"}.
type getArgs struct {
	Binding  string   `json:"binding"`
	Key      string   `json:"key"`
	Keys     []string `json:"keys"`
	Type     string   `json:"type"`
	CacheTTL number   `json:"cache_ttl"`
}

// found is an entry in an answer; its value is the answer's binary part, or the
// next Length bytes of it. A length of -1 is no entry.
type found struct {
	Length     int             `json:"length"`
	Metadata   json.RawMessage `json:"metadata"`
	Expiration int64           `json:"expiration,omitempty"`
}

func foundOf(e *entry) found {
	if e == nil {
		return found{Length: -1}
	}
	return found{Length: len(e.value), Metadata: e.Metadata, Expiration: e.Expiration}
}

func (s *Store) opGet(ctx context.Context, caller mocks.Caller, args, _ []byte) (result, data []byte, err error) {
	var a getArgs
	if err := json.Unmarshal(args, &a); err != nil {
		return nil, nil, typeError("kv.get: %v", err)
	}
	record := hostcall.RecordOf(ctx)
	record.Binding, record.Detail = a.Binding, a.Key
	if err := checkKey(verbGet, a.Key); err != nil {
		return nil, nil, err
	}
	if err := checkCacheTTL(verbGet, a.CacheTTL); err != nil {
		return nil, nil, err
	}
	entries, err := s.entries(ctx, caller.Target(a.Binding), []string{a.Key})
	if err != nil {
		return nil, nil, failure(verbGet, err)
	}
	record.Detail += hitOrMiss(entries[0])
	if entries[0] != nil {
		data = entries[0].value
	}
	result, err = json.Marshal(foundOf(entries[0]))
	return result, data, err
}

func hitOrMiss(e *entry) string {
	if e == nil {
		return "  miss"
	}
	return "  hit"
}

func (s *Store) opGetMulti(ctx context.Context, caller mocks.Caller, args, _ []byte) (result, data []byte, err error) {
	var a getArgs
	if err := json.Unmarshal(args, &a); err != nil {
		return nil, nil, typeError("kv.get_multi: %v", err)
	}
	record := hostcall.RecordOf(ctx)
	record.Binding, record.Detail = a.Binding, fmt.Sprintf("%d keys", len(a.Keys))
	switch {
	case len(a.Keys) > maxBulk:
		return nil, nil, refusal(verbBulk, 400, "You can request a maximum of %d keys", maxBulk)
	case len(a.Keys) == 0:
		return nil, nil, refusal(verbBulk, 400, "You must request a minimum of 1 key")
	case a.Type != "text" && a.Type != "json":
		return nil, nil, refusal(verbBulk, 400, "%q is not a valid type. Use \"json\" or \"text\"", a.Type)
	}
	for _, key := range a.Keys {
		if err := checkKey(verbBulk, key); err != nil {
			return nil, nil, err
		}
	}
	if err := checkCacheTTL(verbBulk, a.CacheTTL); err != nil {
		return nil, nil, err
	}
	entries, err := s.entries(ctx, caller.Target(a.Binding), a.Keys)
	if err != nil {
		return nil, nil, failure(verbBulk, err)
	}
	list := make([]found, len(entries))
	hits := 0
	for i, e := range entries {
		list[i] = foundOf(e)
		if e == nil {
			continue
		}
		hits++
		if a.Type == "json" && !json.Valid(e.value) {
			return nil, nil, refusal(verbBulk, 400, "At least one of the requested keys corresponds to a non-json value")
		}
		if data = append(data, e.value...); len(data) > maxValue {
			return nil, nil, refusal(verbBulk, 413, "Total size of request exceeds the limit of 25MB")
		}
	}
	record.Detail += fmt.Sprintf("  %d found", hits)
	result, err = json.Marshal(list)
	return result, data, err
}

// putArgs is an entry to be written: its value is the binary part, or the next
// Length bytes of it.
type putArgs struct {
	Binding    string `json:"binding"`
	Key        string `json:"key"`
	Length     int    `json:"length"`
	Metadata   string `json:"metadata"` // JSON, "" for none
	Expiration number `json:"expiration"`
	TTL        number `json:"expiration_ttl"`
}

func (s *Store) opPut(ctx context.Context, caller mocks.Caller, args, data []byte) (_, _ []byte, err error) {
	var a putArgs
	if err := json.Unmarshal(args, &a); err != nil {
		return nil, nil, typeError("kv.put: %v", err)
	}
	record := hostcall.RecordOf(ctx)
	record.Binding, record.Detail = a.Binding, a.Key
	c, err := s.changeOf(caller.Target(a.Binding), &a, data)
	if err != nil {
		return nil, nil, err
	}
	if err := s.write(ctx, []change{c}); err != nil {
		return nil, nil, failure(verbPut, err)
	}
	return nil, nil, nil
}

// changeOf checks an entry that is to be written.
func (s *Store) changeOf(namespace string, a *putArgs, value []byte) (c change, err error) {
	if err := checkKey(verbPut, a.Key); err != nil {
		return c, err
	}
	c = change{namespace: namespace, key: a.Key, value: value, attributes: attributes{Metadata: []byte(a.Metadata)}}
	if c.value == nil {
		c.value = []byte{}
	}
	if c.Expiration, err = expiration(a.Expiration, a.TTL, s.now()); err != nil {
		return c, err
	}
	if a.Metadata != "" && !json.Valid(c.Metadata) {
		return c, typeError("metadata must be JSON")
	}
	return c, checkEntry(value, a.Metadata)
}

func (s *Store) opPutMulti(ctx context.Context, caller mocks.Caller, args, data []byte) (_, _ []byte, err error) {
	var a struct {
		Binding string    `json:"binding"`
		Entries []putArgs `json:"entries"`
	}
	if err := json.Unmarshal(args, &a); err != nil {
		return nil, nil, typeError("kv.put_multi: %v", err)
	}
	record := hostcall.RecordOf(ctx)
	record.Binding, record.Detail = a.Binding, fmt.Sprintf("%d keys", len(a.Entries))
	if len(a.Entries) == 0 {
		return nil, nil, nil
	}
	if len(a.Entries) > maxPutMulti {
		return nil, nil, refusal(verbPut, 400, "You can write a maximum of %d keys at once", maxPutMulti)
	}
	namespace := caller.Target(a.Binding)
	changes := make([]change, len(a.Entries))
	for i := range a.Entries {
		length := a.Entries[i].Length
		if length < 0 || length > len(data) {
			return nil, nil, typeError("kv.put_multi: entry %d is longer than the data", i)
		}
		if changes[i], err = s.changeOf(namespace, &a.Entries[i], data[:length]); err != nil {
			return nil, nil, err
		}
		data = data[length:]
	}
	if err := s.write(ctx, changes); err != nil {
		return nil, nil, failure(verbPut, err)
	}
	return nil, nil, nil
}

func (s *Store) opDelete(ctx context.Context, caller mocks.Caller, args, _ []byte) (_, _ []byte, err error) {
	var a getArgs
	if err := json.Unmarshal(args, &a); err != nil {
		return nil, nil, typeError("kv.delete: %v", err)
	}
	record := hostcall.RecordOf(ctx)
	record.Binding, record.Detail = a.Binding, a.Key
	if err := checkKey(verbDelete, a.Key); err != nil {
		return nil, nil, err
	}
	return nil, nil, s.remove(ctx, caller.Target(a.Binding), a.Key)
}

func (s *Store) remove(ctx context.Context, namespace, key string) error {
	if err := s.write(ctx, []change{{namespace: namespace, key: key, attributes: attributes{Expiration: s.now().Unix()}}}); err != nil {
		return failure(verbDelete, err)
	}
	return nil
}

// opList takes {"binding", "prefix", "limit", "cursor"} and gives {"keys":
// [{"name", "expiration", "metadata"}], "list_complete", "cursor"}.
func (s *Store) opList(ctx context.Context, caller mocks.Caller, args, _ []byte) (result, _ []byte, err error) {
	var a struct {
		Binding string  `json:"binding"`
		Prefix  *string `json:"prefix"`
		Limit   number  `json:"limit"`
		Cursor  *string `json:"cursor"`
	}
	if err := json.Unmarshal(args, &a); err != nil {
		return nil, nil, typeError("kv.list: %v", err)
	}
	record := hostcall.RecordOf(ctx)
	record.Binding = a.Binding
	var prefix, cursor string
	if a.Prefix != nil {
		prefix = *a.Prefix
	}
	if a.Cursor != nil {
		cursor = *a.Cursor
	}
	record.Detail = prefix + "*"
	if err := checkLength(verbGet, prefix); err != nil {
		return nil, nil, err
	}
	limit, err := listLimit(a.Limit)
	if err != nil {
		return nil, nil, err
	}
	page, err := s.page(ctx, caller.Target(a.Binding), prefix, cursor, limit)
	if err != nil {
		return nil, nil, failure(verbGet, err)
	}
	record.Detail += fmt.Sprintf("  %d keys", len(page.Keys))
	result, err = json.Marshal(page)
	return result, nil, err
}

// Page is a part of a namespace's keys, in byte order.
type Page struct {
	Keys     []Key  `json:"keys"`
	Complete bool   `json:"list_complete"`
	Cursor   string `json:"cursor,omitempty"` // where the next page begins; "" where complete
}

// Key is an entry without its value.
type Key struct {
	Name       string          `json:"name"`
	Expiration int64           `json:"expiration,omitempty"` // seconds since 1970, 0 for never
	Metadata   json.RawMessage `json:"metadata,omitempty"`
}

func (s *Store) page(ctx context.Context, namespace, prefix, cursor string, limit int) (Page, error) {
	page := Page{Keys: []Key{}, Complete: true}
	after, ok := afterCursor(cursor)
	if !ok {
		return page, nil
	}
	if err := s.read(ctx); err != nil {
		return page, err
	}
	keys, more, err := s.list(ctx, namespace, prefix, after, limit, s.now())
	if err != nil {
		return page, err
	}
	for _, k := range keys {
		page.Keys = append(page.Keys, Key{Name: k.key, Expiration: k.Expiration, Metadata: k.Metadata})
	}
	if more {
		page.Complete, page.Cursor = false, cursorAfter(keys[len(keys)-1].key)
	}
	return page, nil
}
