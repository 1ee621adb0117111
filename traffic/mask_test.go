package traffic

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"pymode-tui/runtime"
)

func TestMaskerTakesSecretsOut(t *testing.T) {
	secret := "s3cr/t \"ü\""
	m := NewMasker(map[string]string{"TOKEN": secret, "SHORT": "abc", "LONGER": secret + "!"}, []string{"X-Api-Key", "sig"})
	e := &Exchange{
		Request: &runtime.Request{
			Method: "POST", URL: "http://localhost/?sig=0123&t=s3cr%2Ft+%22%C3%BC%22&a=abc",
			Headers: []runtime.Header{
				{"authorization", "Bearer " + secret},
				{"Authorization", "Basic dXNlcjpwYXNz"},
				{"Cookie", "session=1"},
				{"X-Api-Key", "k"},
				{"X-Other", "a " + secret + "! b"},
			},
			Body: []byte(`{"token":"s3cr/t \"ü\""} ` + base64.StdEncoding.EncodeToString([]byte(secret))),
		},
		Result: &runtime.Result{
			Headers: []runtime.Header{{"Set-Cookie", "session=2"}, {"Location", "/?SIG=1#x"}},
			Logs:    []runtime.Log{{Text: "it is " + secret}},
			Calls:   []runtime.Call{{Op: "http.fetch", Detail: "GET http://x/?sig=5 → 200", Error: secret}},
			Error:   &runtime.Failure{Message: secret, Traceback: []runtime.Frame{{Text: "raise " + secret}}},
		},
		Recording: &Recording{
			Calls: []RecordedCall{{
				Op: opHTTPFetch, Args: encodeArgs(fetchArgs{"GET", "http://x/?sig=5", `{"Authorization":"Bearer zzzz"}`}),
				Result: encodeArgs(fetchResult{200, `[["Set-Cookie","zzzz"]]`}), Body: []byte(secret),
			}},
			Children: []*Recording{{Calls: []RecordedCall{{Op: "kv.put", Data: []byte(secret)}}}},
		},
	}
	out := m.Exchange(e)
	text, _, err := out.encode("x")
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"s3cr", "dXNlcjpwYXNz", "session=", "zzzz", "0123", "sig=5"} {
		if strings.Contains(string(text), value) {
			t.Errorf("%q is in\n%s", value, text)
		}
	}
	want := []runtime.Header{
		{"authorization", "Bearer [secret:TOKEN]"},
		{"Authorization", "Basic [secret]"},
		{"Cookie", "[secret]"},
		{"X-Api-Key", "[secret]"},
		{"X-Other", "a [secret:LONGER] b"},
	}
	for n, h := range out.Request.Headers {
		if h != want[n] {
			t.Errorf("header %v, want %v", h, want[n])
		}
	}
	if out.Request.URL != "http://localhost/?sig=[secret]&t=[secret:TOKEN:url]&a=abc" {
		t.Errorf("URL %s", out.Request.URL)
	}
	if e.Request.Headers[0].Value() != "Bearer "+secret || e.Result.Logs[0].Text != "it is "+secret {
		t.Error("the exchange itself was changed")
	}

	back, missing := m.Reveal(out.Request)
	if !slices.Equal(missing, []string{""}) {
		t.Errorf("missing %q: a cookie has no name, all else has", missing)
	}
	if back.Headers[0] != e.Request.Headers[0] || back.Headers[4] != e.Request.Headers[4] || string(back.Body) != string(e.Request.Body) {
		t.Errorf("revealed %+v, want %+v", back, e.Request)
	}
	if back, missing := m.Reveal(&runtime.Request{URL: "/", Headers: []runtime.Header{{"A", "[secret:TOKEN]"}}}); missing != nil || back.Headers[0].Value() != secret {
		t.Errorf("revealed %+v, missing %q", back, missing)
	}
	other := &runtime.Request{URL: "/?a=[secret:B]", Headers: []runtime.Header{{"A", "[secret:A]"}}, Body: []byte("[secret:A] [secret]")}
	if back, missing := m.Reveal(other); !slices.Equal(missing, []string{"A", "B"}) || back.URL != other.URL {
		t.Errorf("revealed %+v, missing %q", back, missing)
	}
}
