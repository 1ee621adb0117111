package r2

import (
	"encoding/base64"
	"slices"
	"strings"
)

// listQuery is what list is asked for.
type listQuery struct {
	Prefix     string   `json:"prefix"`
	Delimiter  string   `json:"delimiter"`
	Cursor     string   `json:"cursor"`     // of an earlier page
	StartAfter string   `json:"startAfter"` // exclusive
	Limit      *int     `json:"limit"`      // objects and prefixes, nil for 1000
	Include    []string `json:"include"`    // "httpMetadata", "customMetadata"
}

// listPage is a page of a listing, in the order of the keys' bytes.
type listPage struct {
	Objects   []object `json:"objects"`
	Truncated bool     `json:"truncated"`
	Cursor    string   `json:"cursor,omitempty"` // where truncated
	Prefixes  []string `json:"delimitedPrefixes"`
}

// afterAll is above every key that it is appended to: no UTF-8 has that byte.
const afterAll = "\xff"

// pager gathers one page from objects that come in the order of their keys,
// beginning at from.
type pager struct {
	q     listQuery
	limit int
	from  string // the first key that can be on the page, or next on it
	last  string // of what is on the page: cursor of the next
	page  listPage
	state int
}

const (
	pageOpen  = iota
	pageSkips // the keys up to from are not wanted: begin there again
	pageDone
)

func newPager(q listQuery) *pager {
	p := &pager{q: q, limit: maxListed, page: listPage{Objects: []object{}, Prefixes: []string{}}}
	if q.Limit != nil {
		p.limit = *q.Limit
	}
	p.from = q.Prefix
	// A cursor that is none is ignored: the listing begins at the start.
	cursor, err := base64.StdEncoding.DecodeString(q.Cursor)
	if err != nil {
		cursor = nil
	}
	for _, after := range []string{q.StartAfter, string(cursor)} {
		if after != "" {
			p.from = max(p.from, after+"\x00") // the next key there can be
		}
	}
	return p
}

// more says that objects are wanted, beginning at from.
func (p *pager) more() bool { return p.state != pageDone }

// add takes the next object. It says whether the one after it is wanted.
func (p *pager) add(o object) bool {
	if !strings.HasPrefix(o.Key, p.q.Prefix) {
		p.state = pageDone
		return false
	}
	if len(p.page.Objects)+len(p.page.Prefixes) >= p.limit {
		p.page.Truncated = true
		p.page.Cursor = base64.StdEncoding.EncodeToString([]byte(p.last))
		p.state = pageDone
		return false
	}
	if p.q.Delimiter != "" {
		rest := o.Key[len(p.q.Prefix):]
		if i := strings.Index(rest, p.q.Delimiter); i >= 0 {
			group := o.Key[:len(p.q.Prefix)+i+len(p.q.Delimiter)]
			p.page.Prefixes = append(p.page.Prefixes, group)
			p.last = group + afterAll
			p.from = p.last
			p.state = pageSkips
			return false
		}
	}
	p.page.Objects = append(p.page.Objects, p.seen(o))
	p.last = o.Key
	return true
}

// exhausted is called when there were no more objects, or no more wanted.
func (p *pager) exhausted() {
	if p.state == pageSkips {
		p.state = pageOpen
	} else {
		p.state = pageDone
	}
}

// seen leaves out of an object what was not asked for.
func (p *pager) seen(o object) object {
	if !slices.Contains(p.q.Include, "httpMetadata") {
		o.HTTP = nil
	}
	if !slices.Contains(p.q.Include, "customMetadata") {
		o.Custom = nil
	}
	o.fill()
	return o
}

func (p *pager) result() *listPage { return &p.page }
