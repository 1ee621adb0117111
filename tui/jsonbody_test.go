package tui

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzJSONBody checks that whatever is JSON is indexed, that its lines are that JSON
// again, and that folding and walking keep to each other.
func FuzzJSONBody(f *testing.F) {
	for _, seed := range []string{
		teamJSON, `[]`, `{}`, ` [ 1 , -2.5e+3, true,false , null ]`, `"x\"y"`, `[[[]]]`, `{"a":{"b":[{}]}}`, `[1,]`, `{"a"}`, `{,}`, `1 2`, "",
		`[` + strings.Repeat("[", 300) + strings.Repeat("]", 301), "\"\x00\"", `{"a":1}}`, `[1`, `{"":""}`,
	} {
		f.Add([]byte(seed), uint(3))
	}
	f.Fuzz(func(t *testing.T, body []byte, at uint) {
		b := newJSONBody(body)
		if b == nil {
			if json.Valid(body) {
				t.Fatalf("%q is JSON", body)
			}
			return
		}
		if !json.Valid(body) {
			return // a number that is none is shown as it is
		}
		var text strings.Builder
		for i := range b.rows {
			r := &b.rows[i]
			text.Write(body[r.nameFrom:r.nameTo])
			if r.nameTo > 0 {
				text.WriteByte(':')
			}
			text.Write(body[r.valueFrom:r.valueTo])
			if r.comma {
				text.WriteByte(',')
			}
			b.line(i)
		}
		strip := strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "")
		if got, want := strip.Replace(text.String()), strip.Replace(string(body)); got != want {
			t.Fatalf("%q became %q", want, got)
		}
		d := document{body: b, w: 40, h: 5}
		i := int(at % uint(len(b.rows)))
		if on := b.fold(i); on > i || b.folds[on] && b.after(on) <= on {
			t.Fatalf("folding line %d of %q came to %d", i, body, on)
		}
		var down, up []int
		for i := 0; i < d.size(); i = d.next(i) {
			down = append(down, i)
		}
		for i := d.previous(d.size()); i >= 0; i = d.previous(i) {
			up = append(up, i)
		}
		for n := range down {
			if len(up) != len(down) || up[len(up)-1-n] != down[n] {
				t.Fatalf("down %v, up %v", down, up)
			}
		}
		b.reveal(i)
		if b.shown(i) != i {
			t.Fatalf("line %d of %q stays hidden", i, body)
		}
	})
}
