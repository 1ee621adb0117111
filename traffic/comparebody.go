package traffic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"pymode-tui/runtime"
)

// What is compared by lines: a diff takes time that grows with the product of
// length and changes.
const (
	maxDiffed      = 256 << 10 // bytes
	maxDiffedLines = 5_000
	maxDiff        = 16 << 10 // bytes of a diff that are told
	maxDepth       = 200      // levels of JSON that are told apart
	maxAligned     = 5        // levels of JSON: each one compares what is below three times
)

// jsonBody compares two bodies as JSON; not ok where one is none.
func (c *comparison) jsonBody(want, got *runtime.Result) bool {
	if !isJSON(want) && !isJSON(got) && !looksLikeJSON(want.Body) {
		return false
	}
	before, ok := decodeJSON(want.Body)
	if !ok {
		return false
	}
	now, ok := decodeJSON(got.Body)
	if !ok {
		return false
	}
	c.value(nil, before, now)
	return true
}

func looksLikeJSON(b []byte) bool {
	b = bytes.TrimSpace(b)
	return len(b) > 0 && (b[0] == '{' || b[0] == '[')
}

func decodeJSON(b []byte) (v any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil, false
	}
	_, err := d.Token()
	return v, err == io.EOF //nolint:errorlint // a decoder gives it bare
}

// absent is no value; JSON's null is one.
type absent struct{}

// value compares two values at a place.
func (c *comparison) value(at []string, want, got any) {
	if len(at) > 0 && c.rules.ignoresBody(at) {
		return
	}
	if len(at) >= maxDepth {
		if a, b := jsonText(want), jsonText(got); a != b {
			c.add(Difference{Aspect: aspectBody, Path: pathText(at), Want: a, Got: b})
		}
		return
	}
	switch before := want.(type) {
	case map[string]any:
		if now, ok := got.(map[string]any); ok {
			c.object(at, before, now)
			return
		}
	case []any:
		if now, ok := got.([]any); ok {
			c.list(at, before, now)
			return
		}
	case json.Number:
		if now, ok := got.(json.Number); ok && sameNumber(before, now) {
			return
		}
	default:
		if _, composed := got.(map[string]any); composed {
			break
		}
		if _, composed := got.([]any); composed {
			break
		}
		if want == got {
			return
		}
	}
	c.add(Difference{Aspect: aspectBody, Path: pathText(at), Want: jsonText(want), Got: jsonText(got)})
}

// sameNumber compares as written, then as numbers: 1.0 is 1.
func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	x, errX := a.Float64()
	y, errY := b.Float64()
	_, intX := strconv.ParseInt(string(a), 10, 64)
	_, intY := strconv.ParseInt(string(b), 10, 64)
	if intX == nil && intY == nil {
		return false // two integers beyond a float's precision
	}
	return errX == nil && errY == nil && x == y
}

func (c *comparison) object(at []string, want, got map[string]any) {
	names := maps.Clone(want)
	maps.Copy(names, got)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		before, ok := want[name]
		if !ok {
			before = absent{}
		}
		now, ok := got[name]
		if !ok {
			now = absent{}
		}
		c.value(append(at[:len(at):len(at)], name), before, now)
	}
}

// list compares by index, but for what is the same at the ends: one more element
// in front is one difference.
func (c *comparison) list(at []string, want, got []any) {
	head, tail := 0, 0
	if len(want) != len(got) && len(at) < maxAligned {
		same := func(a, b any) bool {
			probe := &comparison{rules: c.rules}
			probe.value(append(at[:len(at):len(at)], "[0]"), a, b)
			return len(probe.found) == 0
		}
		short := min(len(want), len(got))
		for head < short && same(want[head], got[head]) {
			head++
		}
		for tail < short-head && same(want[len(want)-1-tail], got[len(got)-1-tail]) {
			tail++
		}
	}
	before, now := want[head:len(want)-tail], got[head:len(got)-tail]
	for n := range max(len(before), len(now)) {
		var a, b any = absent{}, absent{}
		if n < len(before) {
			a = before[n]
		}
		if n < len(now) {
			b = now[n]
		}
		c.value(append(at[:len(at):len(at)], fmt.Sprintf("[%d]", head+n)), a, b)
	}
}

func pathText(elements []string) string {
	var b strings.Builder
	for _, e := range elements {
		if b.Len() > 0 && !strings.HasPrefix(e, "[") {
			b.WriteByte('.')
		}
		b.WriteString(e)
	}
	return b.String()
}

func jsonText(v any) string {
	if _, ok := v.(absent); ok {
		return ""
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // it was decoded from JSON
	return strings.TrimSuffix(b.String(), "\n")
}

func splitLines(s string) []string { return strings.Split(strings.TrimSuffix(s, "\n"), "\n") }

// lines compares two texts line by line.
func (c *comparison) lines(aspect string, want, got []string) {
	if slices.Equal(want, got) || c.rules.ignores(aspect) {
		return
	}
	if len(want) > maxDiffedLines || len(got) > maxDiffedLines {
		n := 0
		for n < len(want) && n < len(got) && want[n] == got[n] {
			n++
		}
		line := func(lines []string) string {
			if n < len(lines) {
				return lines[n]
			}
			return ""
		}
		c.add(Difference{Aspect: aspect, Path: fmt.Sprintf("line %d", n+1), Want: line(want), Got: line(got)})
		return
	}
	join := func(lines []string) string {
		if len(lines) == 0 {
			return ""
		}
		return strings.Join(lines, "\n") + "\n"
	}
	unified := udiff.Unified("want", "got", join(want), join(got))
	_, diff, _ := strings.Cut(unified, "\n") // the names
	_, diff, _ = strings.Cut(diff, "\n")
	if diff == "" { // they differ in the last line's end
		diff = "- (no newline at the end)\n"
	}
	if len(diff) > maxDiff {
		diff = diff[:strings.LastIndexByte(diff[:maxDiff], '\n')+1] + "…\n"
	}
	c.add(Difference{Aspect: aspect, Diff: diff})
}
