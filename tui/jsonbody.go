package tui

import (
	"bytes"
	"math"
	"strings"
)

// jsonBody is JSON as it is shown indented: an index of its lines into the bytes as
// they came. A body of 10 MB so takes one pass of some tens of milliseconds, and only
// lines that are on the screen are ever made.
type jsonBody struct {
	body  []byte
	rows  []jsonRow
	folds map[int]bool // lines whose contents are hidden
}

// jsonRow is a line: a member's name, where there is one, and a value, or the bracket
// that opens or closes one.
type jsonRow struct {
	nameFrom, nameTo   uint32 // with its quotes; nothing for an element
	valueFrom, valueTo uint32
	parent             int32 // the line that opens what this is in, -1 at the top
	end                int32 // of a line that opens something: the one that closes it
	count              int32 // how many members or elements are in it
	depth              uint16
	comma              bool
}

// maxIndexed is how many lines are indexed, of 32 bytes each.
const maxIndexed = 4_000_000

// newJSONBody indexes a body. It is nil if that is no JSON, or more than is indexed:
// then it is shown as text.
func newJSONBody(body []byte) *jsonBody {
	most := 1 + bytes.Count(body, []byte(",")) + 2*bytes.Count(body, []byte("{")) + 2*bytes.Count(body, []byte("["))
	if most > maxIndexed || len(body) > math.MaxInt32 {
		return nil
	}
	p := jsonIndexer{body: body, open: -1}
	p.rows = make([]jsonRow, 0, most)
	if !p.index() {
		return nil
	}
	return &jsonBody{body: body, rows: p.rows, folds: map[int]bool{}}
}

// jsonIndexer goes through a body once. It keeps no stack of its own: each line
// knows what it is in, so nesting costs nothing.
type jsonIndexer struct {
	body []byte
	at   int
	rows []jsonRow
	open int32 // the line that opens what is read now, -1 at the top
}

func (p *jsonIndexer) index() bool {
	for {
		row := jsonRow{parent: p.open, end: -1, depth: p.depth()}
		if p.open >= 0 && p.body[p.rows[p.open].valueFrom] == '{' {
			if !p.name(&row) {
				return false
			}
		}
		if !p.value(&row) {
			return false
		}
		opened := row.end == 0
		if opened {
			row.end = -1
		}
		if p.open >= 0 {
			p.rows[p.open].count++
		}
		p.rows = append(p.rows, row)
		if opened {
			p.open = int32(len(p.rows) - 1)
			continue
		}
		if done, ok := p.after(); done || !ok {
			return ok
		}
	}
}

func (p *jsonIndexer) depth() uint16 {
	if p.open < 0 {
		return 0
	}
	return min(p.rows[p.open].depth, math.MaxUint16-1) + 1
}

// next skips white space and returns the byte that follows, 0 at the end.
func (p *jsonIndexer) next() byte {
	for p.at < len(p.body) {
		switch c := p.body[p.at]; c {
		case ' ', '\t', '\r', '\n':
			p.at++
		default:
			return c
		}
	}
	return 0
}

// name reads `"name":`.
func (p *jsonIndexer) name(row *jsonRow) bool {
	if p.next() != '"' {
		return false
	}
	row.nameFrom = uint32(p.at)
	if !p.text() {
		return false
	}
	row.nameTo = uint32(p.at)
	if p.next() != ':' {
		return false
	}
	p.at++
	return true
}

// value reads a value; of one with something in it only the bracket, and row.end
// becomes 0.
func (p *jsonIndexer) value(row *jsonRow) bool {
	c := p.next()
	from := p.at
	row.valueFrom = uint32(from)
	switch c {
	case '{', '[':
		p.at++
		if p.next() == c+2 { // empty; } is two after {, and ] after [
			p.at++
			row.valueTo = uint32(p.at)
			return true
		}
		row.valueTo, row.end = uint32(from+1), 0
		return p.at < len(p.body)
	case '"':
		if !p.text() {
			return false
		}
	default:
		for p.at < len(p.body) && strings.IndexByte("+-.0123456789aefnlrstuE", p.body[p.at]) >= 0 {
			p.at++
		}
		word := string(p.body[from:p.at])
		number := c == '-' || c >= '0' && c <= '9'
		if !number && word != "true" && word != "false" && word != "null" {
			return false
		}
	}
	row.valueTo = uint32(p.at)
	return true
}

// text skips a string.
func (p *jsonIndexer) text() bool {
	for p.at++; p.at < len(p.body); p.at++ {
		switch c := p.body[p.at]; {
		case c == '"':
			p.at++
			return true
		case c == '\\':
			p.at++
		case c < 0x20:
			return false
		}
	}
	return false
}

// after reads what comes after a value: a comma, or brackets that close. done is
// that the body is at its end.
func (p *jsonIndexer) after() (done, ok bool) {
	for {
		c := p.next()
		if p.open < 0 {
			return true, p.at == len(p.body)
		}
		switch opener := p.body[p.rows[p.open].valueFrom]; {
		case c == ',':
			p.rows[len(p.rows)-1].comma = true
			p.at++
			return false, true
		case c != 0 && c == opener+2:
			o := &p.rows[p.open]
			o.end = int32(len(p.rows))
			closing := jsonRow{valueFrom: uint32(p.at), valueTo: uint32(p.at + 1), parent: o.parent, end: -1, depth: o.depth}
			p.open = o.parent
			p.rows = append(p.rows, closing)
			p.at++
		default:
			return false, false
		}
	}
}

func (b *jsonBody) size() int { return len(b.rows) }

// maxIndent is how far lines are indented, in cells.
const maxIndent = 48

func (b *jsonBody) line(i int) line {
	r := &b.rows[i]
	var l line
	if r.depth > 0 {
		l = append(l, span{strings.Repeat(" ", min(int(r.depth)*2, maxIndent)), plain})
	}
	if r.nameTo > 0 {
		l = append(l, span{cleanBytes(unescaped(b.body[r.nameFrom:r.nameTo])), name}, span{": ", plain})
	}
	first := b.body[r.valueFrom]
	value, role := "", plain
	switch {
	case first == '"':
		value, role = cleanBytes(unescaped(b.body[r.valueFrom:r.valueTo])), good
	case r.valueTo-r.valueFrom > 1 && (first == '{' || first == '['):
		value = string([]byte{first, first + 2})
	default:
		value = cleanBytes(b.body[r.valueFrom:r.valueTo])
		if first >= 'a' && first <= 'z' || first == '-' || first >= '0' && first <= '9' {
			role = literal
		}
	}
	l = append(l, span{value, role})
	comma := r.comma
	if b.folds[i] {
		noun := "item"
		if first == '{' {
			noun = "member"
		}
		l = append(l, span{" … " + plural(int(r.count), noun) + " ", faint}, span{string([]byte{first + 2}), plain})
		comma = b.rows[r.end].comma
	}
	if comma {
		l = append(l, span{",", plain})
	}
	return l
}

// cleanBytes is cleanLine of a part of a body, of which not more is copied than is
// shown.
func cleanBytes(b []byte) string {
	if len(b) <= maxLine {
		return cleanLine(string(b))
	}
	return cleanLine(string(b[:maxLine])) + " … " + formatBytes(int64(len(b)-maxLine)) + " more"
}

// fold hides or shows what line i opens, or else what it is in, and returns the line
// that stands for it.
func (b *jsonBody) fold(i int) int {
	if b.rows[i].end < 0 { // a value, or a closing bracket
		i = b.holder(i)
	}
	if i < 0 || b.rows[i].end < 0 {
		return max(i, 0)
	}
	if b.folds[i] {
		delete(b.folds, i)
	} else {
		b.folds[i] = true
	}
	return i
}

// foldAll hides what is in the elements of the top, or shows everything.
func (b *jsonBody) foldAll() {
	if len(b.folds) > 0 {
		clear(b.folds)
		return
	}
	for i := 0; i < len(b.rows); i++ {
		if r := &b.rows[i]; r.depth == 1 && r.end >= 0 {
			b.folds[i] = true
			i = int(r.end)
		}
	}
}

// shown returns the line that stands for line i: i itself, or the outermost folded
// one that hides it.
func (b *jsonBody) shown(i int) int {
	for p := b.holder(i); p >= 0; p = int(b.rows[p].parent) {
		if b.folds[p] {
			i = p
		}
	}
	return i
}

// holder is the line that opens what line i is in or closes.
func (b *jsonBody) holder(i int) int {
	if r := &b.rows[i]; r.end < 0 && r.valueTo-r.valueFrom == 1 {
		if c := b.body[r.valueFrom]; c == '}' || c == ']' {
			// The line before is in it, or in something that ends there.
			p := i - 1
			for p >= 0 && int(b.rows[p].end) != i {
				p = int(b.rows[p].parent)
			}
			return p
		}
	}
	return int(b.rows[i].parent)
}

// reveal unfolds whatever hides line i.
func (b *jsonBody) reveal(i int) {
	for p := b.holder(i); p >= 0; p = int(b.rows[p].parent) {
		delete(b.folds, p)
	}
}

// after returns the line that is shown after line i, which is shown.
func (b *jsonBody) after(i int) int {
	if b.folds[i] {
		return int(b.rows[i].end) + 1
	}
	return i + 1
}
