package tui

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// FuzzJSONBody checks that whatever is JSON is indexed, that its lines are that JSON
// again, and that folding and walking keep to each other.
func FuzzJSONBody(f *testing.F) {
	for _, seed := range []string{
		teamJSON, `[]`, `{}`, ` [ 1 , -2.5e+3, true,false , null ]`, `"x\"y"`, `[[[]]]`, `{"a":{"b":[{}]}}`, `[1,]`, `{"a"}`, `{,}`, `1 2`, "",
		`[` + strings.Repeat("[", 300) + strings.Repeat("]", 301), "\"\x00\"", `{"a":1}}`, `[1`, `{"":""}`, `["\u65e5\u672c \ud83d\ude00 \ud83d \u0007 \" \\u00e9 \u00"]`,
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
		for i := range min(len(b.rows), 20) { // what is seen is found
			shown := ""
			for _, s := range b.line(i)[min(int(b.rows[i].depth), 1):] {
				shown += s.text
			}
			if needle := string(lowerASCII(b.appendText(nil, i))); isPlain(needle) && len(needle) < maxLine && needle != "" {
				if !strings.Contains(string(lowerASCII([]byte(shown))), needle) || !slices.Contains(b.find(needle), i) {
					t.Fatalf("line %d of %q, %q, is shown as %q and not found", i, body, needle, shown)
				}
			}
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

// TestSearchLooksThroughWhatIsSeen: characters that came as escapes, and text that goes
// over a name and its value.
func TestSearchLooksThroughWhatIsSeen(t *testing.T) {
	body := `{"names":["\u65e5\u672c\u8336","caf\u00e9 \ud83d\ude00","\u0041 \u0007 \\u00e9 \"q\""],"Team":{"lead":"Ada","size":3}}`
	c := newConsole(t).Resize(120, 40).Events(request(1, "GET", "/", answers(200, "application/json", body))...)
	c.Detail().Contains(`"日本茶",`, `"café 😀",`, `"\u0041 \u0007 \\u00e9 \"q\""`)
	b := newJSONBody([]byte(body))
	for needle, want := range map[string][]int{
		"本茶": {2}, "café": {3}, `"lead": "ada"`: {7}, `"lead":"`: nil, `size": 3`: {8}, "u65e5": nil, "ada": {7}, `\"q`: {4}, "😀": {3}, "": nil,
	} {
		if got := b.find(needle); !slices.Equal(got, want) {
			t.Errorf("%q is found on %v, want %v", needle, got, want)
		}
	}
	c.Press("2", "/").Type(`lead": "a`).Press("enter").Detail().Contains("1/1")
}
