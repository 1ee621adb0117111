package tui

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"pymode-tui/runtime"
)

// filter says which requests are listed. Its text is words, and a request passes
// if each of them holds:
//
//	orders            it occurs in the method, path, status, worker or kind of failure
//	!orders           it does not hold
//	body:paris        it occurs in the body of the request or of the answer
//	header:etag       it occurs in a line "name: value" of either's headers
//	log:retry         it occurs in what the worker wrote
//	call:kv.get       it occurs in a host call, its binding or its detail
//	time>100ms cpu>5  it took longer, in ms where no unit is given; < is less
//	memory>60MB       its memory was larger, in MB where no unit is given
//
// Capitals do not count. What is not finished, as "cpu>", holds for all.
type filter struct {
	words []filterWord
}

type filterWord struct {
	not   bool
	slow  bool // what it says of an exchange is kept, for it looks at much
	holds func(*exchange) bool
}

// passed is what a filter said of an exchange that had this revision.
type passed struct {
	by       *filter
	revision int
	yes      bool
}

func newFilter(text string) *filter {
	f := &filter{}
	for _, word := range strings.Fields(strings.ToLower(text)) {
		word, not := strings.CutPrefix(word, "!")
		if w, ok := newFilterWord(word); ok {
			w.not = not
			f.words = append(f.words, w)
		}
	}
	return f
}

// newFilterWord understands a word in small letters; !ok where it is not finished.
func newFilterWord(word string) (w filterWord, ok bool) {
	if kind, text, found := strings.Cut(word, ":"); found {
		if in, known := filterTexts[kind]; known {
			return filterWord{slow: true, holds: func(x *exchange) bool { return in(x, text) }}, text != ""
		}
	}
	for kind, amount := range filterAmounts {
		rest, found := strings.CutPrefix(word, kind)
		if !found || rest == "" || rest[0] != '>' && rest[0] != '<' {
			continue
		}
		limit, ok := amount.parse(rest[1:])
		more := rest[0] == '>'
		return filterWord{holds: func(x *exchange) bool {
			return x.result != nil && (amount.of(x.result.Metrics) > limit) == more
		}}, ok
	}
	return filterWord{holds: func(x *exchange) bool { return strings.Contains(x.needle, word) }}, word != ""
}

// narrows reports whether the filter leaves anything out.
func (f *filter) narrows() bool { return len(f.words) > 0 }

func (f *filter) passes(x *exchange) bool {
	slow := false
	for _, w := range f.words {
		slow = slow || w.slow
		if !w.slow && w.holds(x) == w.not {
			return false
		}
	}
	if !slow {
		return true
	}
	if x.passed.by != f || x.passed.revision != x.revision {
		x.passed = passed{f, x.revision, !slices.ContainsFunc(f.words, func(w filterWord) bool { return w.slow && w.holds(x) == w.not })}
	}
	return x.passed.yes
}

// filterTexts are what a word can look through: each is asked for a text in small
// letters.
var filterTexts = map[string]func(x *exchange, text string) bool{
	"body": func(x *exchange, text string) bool {
		return x.request != nil && containsFold(x.request.Body, text) || x.result != nil && containsFold(x.result.Body, text)
	},
	"header": func(x *exchange, text string) bool {
		has := func(h runtime.Header) bool { return strings.Contains(strings.ToLower(h[0]+": "+h[1]), text) }
		return x.request != nil && slices.ContainsFunc(x.request.Headers, has) || x.result != nil && slices.ContainsFunc(x.result.Headers, has)
	},
	"log": func(x *exchange, text string) bool {
		return x.result != nil && slices.ContainsFunc(x.result.Logs, func(l runtime.Log) bool {
			return strings.Contains(strings.ToLower(l.Level+" "+l.Text), text)
		})
	},
	"call": func(x *exchange, text string) bool {
		return x.result != nil && slices.ContainsFunc(x.result.Calls, func(c runtime.Call) bool {
			return strings.Contains(strings.ToLower(c.Op+" "+c.Binding+" "+c.Detail+" "+c.Error), text)
		})
	},
}

// containsFold looks for a text in small letters, piece by piece: bodies are large.
// Escapes of JSON count as the characters that they stand for.
func containsFold(body []byte, text string) bool {
	const piece = 64 << 10
	overlap := 3*len(text) + len(`\ud83d\ude00`) // an escape takes three bytes for one, and may be cut
	for len(body) > 0 {
		n := min(len(body), piece+overlap)
		if bytes.Contains(bytes.ToLower(unescaped(body[:n])), []byte(text)) {
			return true
		}
		body = body[min(len(body), piece):]
	}
	return false
}

// filterAmount is a number that a request can be above or below.
type filterAmount struct {
	of    func(runtime.Metrics) int64
	parse func(string) (int64, bool)
}

var filterAmounts = map[string]filterAmount{
	"time":   {func(m runtime.Metrics) int64 { return m.Wall }, parseMicroseconds},
	"cpu":    {func(m runtime.Metrics) int64 { return m.CPU }, parseMicroseconds},
	"memory": {func(m runtime.Metrics) int64 { return m.MemoryPeak }, parseMegabytes},
}

// parseMicroseconds reads "100ms", "1.5s", or a number of ms.
func parseMicroseconds(text string) (int64, bool) {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return int64(n * 1000), true
	}
	d, err := time.ParseDuration(text)
	return d.Microseconds(), err == nil
}

// parseMegabytes reads "60mb", "60m", or a number of MB, in bytes.
func parseMegabytes(text string) (int64, bool) {
	n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSuffix(text, "b"), "m"), 64)
	return int64(n * (1 << 20)), err == nil
}
