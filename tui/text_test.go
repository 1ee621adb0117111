package tui

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWrap(t *testing.T) {
	tests := []struct {
		name, in  string
		w, indent int
		want      []string
	}{
		{"short", "abc", 10, 0, []string{"abc"}},
		{"empty", "", 10, 0, []string{""}},
		{"exact", "abcd efgh", 9, 0, []string{"abcd efgh"}},
		{"at a space", "abcd efgh", 8, 0, []string{"abcd", "efgh"}},
		{"space over the edge", "abcd efgh", 4, 0, []string{"abcd", "efgh"}},
		{"spaces at the break", "abcd   efgh", 6, 0, []string{"abcd", "efgh"}},
		{"long word", "abcdefghij", 4, 0, []string{"abcd", "efgh", "ij"}},
		{"long word after a short one", "ab cdefghij", 6, 0, []string{"ab cde", "fghij"}},
		{"indented", "one two three", 6, 2, []string{"one", "  two", "  three"[:2] + "thre", "  e"}},
		{"leading spaces stay", "    abcd ef", 8, 0, []string{"    abcd", "ef"}},
		{"wide", "漢字漢字", 5, 0, []string{"漢字", "漢字"}},
		{"wider than the room", "漢字", 1, 0, []string{"漢", "字"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			half := len(test.in) / 2
			for half > 0 && test.in[half]&0xc0 == 0x80 {
				half--
			}
			l := line{{test.in[:half], plain}, {test.in[half:], bold}} // roles must not matter
			for _, row := range l.wrap(test.w, test.indent) {
				var text strings.Builder
				for _, s := range row {
					text.WriteString(s.text)
				}
				got = append(got, text.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWrapKeepsRoles(t *testing.T) {
	got := line{{"abc ", name}, {"defg", plain}}.wrap(6, 0)
	want := []line{{{"abc", name}}, {{"defg", plain}}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(span{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRing(t *testing.T) {
	r := newRing[int](5)
	var want []int
	check := func() {
		t.Helper()
		var got []int
		for seq := r.first; seq < r.end(); seq++ {
			got = append(got, *r.at(seq))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	}
	for i := range 300 {
		evicted, full := r.push(i)
		if full != (len(want) == 5) || full && evicted != want[0] {
			t.Fatalf("push(%d) evicted %d, %v", i, evicted, full)
		}
		if want = append(want, i); full {
			want = want[1:]
		}
		check()
		if i%7 == 0 {
			r.dropFirst()
			if want = want[1:]; len(want) == 0 {
				want = nil
			}
			check()
		}
	}
	end := r.end()
	r.clear()
	if r.first != end || r.size != 0 || r.last() != nil {
		t.Errorf("after clear: first %d, size %d", r.first, r.size)
	}
	r.push(1)
	if *r.last() != 1 || r.end() != end+1 {
		t.Errorf("after clear and push: last %d, end %d", *r.last(), r.end())
	}
}

func TestRingGrowsAfterItsStartMoved(t *testing.T) {
	r := newRing[int](1_000)
	for i := range 64 {
		r.push(i)
	}
	r.dropFirst()
	for i := 64; i < 200; i++ {
		r.push(i)
	}
	for seq := r.first; seq < r.end(); seq++ {
		if *r.at(seq) != seq {
			t.Fatalf("item %d is %d", seq, *r.at(seq))
		}
	}
}

func TestCanvasJoinsBordersAndCutsWideCharacters(t *testing.T) {
	c := canvas{theme: newTheme(false, false)}
	c.theme = &theme{} // no styles
	c.reset(9, 4)
	c.box(rect{0, 0, 9, 4}, border)
	c.box(rect{0, 0, 5, 4}, border)
	c.put(1, 1, 3, "漢字", plain)      // half of the second does not fit
	c.put(5, 1, 3, "漢a", plain)      //
	c.put(6, 1, 1, "b", plain)       // over the second half of a wide one
	c.put(5, 2, 99, "\x1bxé", plain) // an escape got here
	c.put(0, 9, 5, "outside", plain)
	want := strings.Join([]string{
		"┌───┬───┐",
		"│漢 │ ba│",
		"│   │�xé│",
		"└───┴───┘",
	}, "\n")
	if diff := cmp.Diff(want, c.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnits(t *testing.T) {
	for us, want := range map[int64]string{
		-1: "–", 0: "0.0 ms", 212: "0.2 ms", 12_900: "12.9 ms", 99_949: "99.9 ms", 99_950: "100 ms", 999_499: "999 ms",
		999_500: "1.00 s", 9_994_999: "9.99 s", 9_995_000: "10.0 s", 30_000_000: "30.0 s", 99_950_000: "100 s",
	} {
		if got := formatMicros(us); got != want || textWidth(got) > 7 {
			t.Errorf("formatMicros(%d) = %q, want %q", us, got, want)
		}
	}
	for n, want := range map[int64]string{
		0: "0 B", 412: "412 B", 1_023: "1023 B", 1_024: "1.0 kB", 1_229: "1.2 kB", 10_189: "10 kB",
		23 << 20: "23 MB", 128 << 20: "128 MB", 1 << 30: "1.0 GB", 1 << 40: "1024 GB",
	} {
		if got := formatBytes(n); got != want {
			t.Errorf("formatBytes(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1_203: "1,203", 1_234_567: "1,234,567", -1_203: "-1,203", -120: "-120"} {
		if got := formatCount(n); got != want {
			t.Errorf("formatCount(%d) = %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		2 * time.Second: "a few seconds", 38 * time.Second: "about 40 s", 120 * time.Second: "about 2 min",
		135 * time.Second: "about 2 min 10 s", 12 * time.Minute: "about 12 min",
	} {
		if got := formatEstimate(d); got != want {
			t.Errorf("formatEstimate(%v) = %q, want %q", d, got, want)
		}
	}
	if got := formatShare(900<<10, 128<<20); got != "900 kB of 128 MB" {
		t.Errorf("formatShare: %q", got)
	}
}
