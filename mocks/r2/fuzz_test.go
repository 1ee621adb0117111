package r2

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

// FuzzHeaderSpan: whatever a Range header says, the span is within the body.
func FuzzHeaderSpan(f *testing.F) {
	for _, header := range []string{"bytes=0-1", "bytes=-5", "bytes=3-", "bytes=5-1", "bytes=0-1,3-4", "bytes=-", "items=1-2", "bytes=99999999999999999999-"} {
		f.Add(header, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		part, err := headerSpan(header, size).of(size)
		if err != nil {
			t.Fatalf("%q of %d: %v", header, size, err)
		}
		if part.Offset < 0 || part.Length < 0 || part.Offset+part.Length > size || size > 0 && part.Length == 0 {
			t.Fatalf("%q of %d: %+v", header, size, part)
		}
	})
}

// FuzzPager: pages of any limit give every key once, in order.
func FuzzPager(f *testing.F) {
	f.Add("a,b,a/1,a/2,c", "", "/", 2)
	f.Add("0,1,\x00,\x00\x00", "", "\x00", 1)
	f.Add("a,a/,a//,a/b/c", "a", "/", 1)
	f.Fuzz(func(t *testing.T, list, prefix, delimiter string, limit int) {
		if limit < 1 || limit > maxListed || strings.Contains(list+prefix+delimiter, afterAll) || len(list) > 1000 {
			return
		}
		keys := strings.Split(list, ",")
		slices.Sort(keys)
		keys = slices.DeleteFunc(slices.Compact(keys), func(key string) bool { return key == "" })
		whole, _ := pagesOf(t, keys, listQuery{Prefix: prefix, Delimiter: delimiter}, maxListed)
		paged, most := pagesOf(t, keys, listQuery{Prefix: prefix, Delimiter: delimiter}, limit)
		if !slices.Equal(whole, paged) || most > limit {
			t.Fatalf("all at once %q, in pages of at most %d %q", whole, most, paged)
		}
		if !slices.IsSorted(whole) || len(slices.Compact(slices.Clone(whole))) != len(whole) {
			t.Fatalf("not in order: %q", whole)
		}
	})
}

// pagesOf gives objects and prefixes of all pages, and how many one had at most.
func pagesOf(t *testing.T, keys []string, q listQuery, limit int) (all []string, most int) {
	t.Helper()
	q.Limit = &limit
	for range len(keys) + 1 {
		p := newPager(q)
		for p.more() {
			from, _ := slices.BinarySearch(keys, p.from)
			for _, key := range keys[from:] {
				if !p.add(object{Key: key}) {
					break
				}
			}
			p.exhausted()
		}
		page := p.result()
		var some []string
		for _, o := range page.Objects {
			some = append(some, o.Key)
		}
		some = append(some, page.Prefixes...)
		slices.Sort(some)
		all, most = append(all, some...), max(most, len(some))
		if !page.Truncated {
			return all, most
		}
		if _, err := base64.StdEncoding.DecodeString(page.Cursor); err != nil {
			t.Fatal(err)
		}
		q.Cursor = page.Cursor
	}
	t.Fatalf("a listing of %d keys does not end", len(keys))
	return nil, 0
}
