package traffic

import (
	"testing"

	"pymode-tui/runtime"

	"github.com/google/go-cmp/cmp"
)

func TestNormalizeLeavesOneHost(t *testing.T) {
	tests := []struct {
		name     string
		in, want []runtime.Header
	}{
		{"none", []runtime.Header{{"A", "1"}}, []runtime.Header{{"Host", "a"}, {"A", "1"}}},
		{"in its place", []runtime.Header{{"A", "1"}, {"host", "b"}}, []runtime.Header{{"A", "1"}, {"host", "b"}}},
		{"two", []runtime.Header{{"Host", ""}, {"A", "1"}, {"Host", "b"}, {"HOST", "c"}}, []runtime.Header{{"A", "1"}, {"Host", "b"}}},
		{"empty", []runtime.Header{{"A", "1"}, {"Host", " "}}, []runtime.Header{{"Host", "a"}, {"A", "1"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &runtime.Request{URL: "http://a/", Headers: test.in}
			if err := normalize(r); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, r.Headers); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// What normalize has made it leaves alone.
func TestNormalizeIsStable(t *testing.T) {
	for _, url := range []string{"a", "HTTP://a", "http://a?b", "http://a/?", "http://a/b c?d e", "http://a/%2f/ü?ü#x", "//a//b", "http://[::1]:80", "http://u:p@a/;x?y;z"} {
		one := &runtime.Request{URL: url, Headers: []runtime.Header{{"content-length", "9"}, {"A", " b\t"}, {"Content-Length", "8"}, {"Connection", "close"}}, Body: []byte("x")}
		if err := normalize(one); err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		before := dump(&Exchange{Request: one})
		if err := normalize(one); err != nil {
			t.Errorf("%s again: %v", url, err)
		}
		if after := dump(&Exchange{Request: one}); after != before {
			t.Errorf("%s: %q, again %q", url, before, after)
		}
	}
}
