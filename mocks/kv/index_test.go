package kv

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the index lists is what sorting finds, for keys that begin alike and end in the
// last of all bytes.
func TestKeyIndex(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		b := make([]byte, random.IntN(4))
		for i := range b {
			b[i] = "\x00ab\xff"[random.IntN(4)]
		}
		return string(b)
	}
	x, have := newKeyIndex(), map[string]bool{}
	if names := x.list("other", "", "", 10); len(names) > 0 {
		t.Errorf("of a namespace without keys: %q", names)
	}
	for range 2000 {
		key, value := text(), []byte{}
		if random.IntN(3) == 0 {
			value = nil
		}
		if key == "" { // which no entry has
			continue
		}
		x.apply([]change{{namespace: "n", key: key, value: value}, {namespace: "other", key: "z" + key, value: []byte{}}})
		have[key] = value != nil
		prefix, after, limit := text(), text(), random.IntN(20)
		var want []string
		for key, there := range have {
			if there && strings.HasPrefix(key, prefix) && (after == "" || key > after) {
				want = append(want, key)
			}
		}
		slices.Sort(want)
		want = want[:min(len(want), limit)]
		if diff := cmp.Diff(want, x.list("n", prefix, after, limit), cmp.Transformer("nil", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
			t.Fatalf("prefix %q, after %q, limit %d (-want +got):\n%s", prefix, after, limit, diff)
		}
	}
}
