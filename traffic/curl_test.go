package traffic

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pymode-tui/runtime"

	"github.com/google/go-cmp/cmp"
)

func TestReadCurl(t *testing.T) {
	dir := writeFiles(t, map[string]string{"body.txt": "one\r\ntwo\n", "sub/a b.png": "\x89PNG", "h.txt": "X-A: 1\nX-B: 2\n"})
	const form = "Content-Type: application/x-www-form-urlencoded\n"
	tests := []struct {
		name, in, want string
		warnings       []string
	}{
		{"plain", `curl http://localhost:8787`, "GET http://localhost:8787/\nHost: localhost:8787\n", nil},
		{"no scheme", `curl localhost:8787/a?b=1#c`, "GET http://localhost:8787/a?b=1\nHost: localhost:8787\n", nil},
		{"prompt", "$ curl a/", "GET http://a/\nHost: a\n", nil},
		{"path of curl", "/usr/bin/curl a/", "GET http://a/\nHost: a\n", nil},
		{"method", `curl -XPUT a/`, "PUT http://a/\nHost: a\n", nil},
		{"long method", `curl --request delete --url a/`, "DELETE http://a/\nHost: a\n", nil},
		{"headers", `curl a/ -H 'A: 1' -H"B:2" --header 'C;' -H 'D:' -H E`, "GET http://a/\nHost: a\nA: 1\nB: 2\nC: \n", []string{`line 1: the header "E" has no value: ignored, as curl does`}},
		{"header file", `curl a/ -H @h.txt`, "GET http://a/\nHost: a\nX-A: 1\nX-B: 2\n", nil},
		{"head", `curl -I a/`, "HEAD http://a/\nHost: a\n", nil},
		{"data joined", `curl a/ -d a=1 --data 'b=2&c' --data-raw @x`, "POST http://a/\nHost: a\n" + form + "Content-Length: 12\n\na=1&b=2&c&@x\n", nil},
		{"data of a file", `curl a/ -d @body.txt`, "POST http://a/\nHost: a\n" + form + "Content-Length: 6\n\nonetwo\n", nil},
		{"binary of a file", `curl a/ --data-binary @body.txt -H 'Content-Type:'`, "POST http://a/\nHost: a\nContent-Length: 9\n\none\r\ntwo\n\n", nil},
		{"data-urlencode", `curl a/ --data-urlencode 'a=b c&ü' --data-urlencode '=x/' --data-urlencode n@h.txt`, "POST http://a/\nHost: a\n" + form + "Content-Length: 44\n\na=b+c%26%C3%BC&x%2F&n=X-A%3A+1%0AX-B%3A+2%0A\n", nil},
		{"get", `curl -G a/?x -d b=1 --data-urlencode 'c= '`, "GET http://a/?x&b=1&c=+\nHost: a\n", nil},
		{"url-query", `curl a/ --url-query 'q=a b'`, "GET http://a/?q=a+b\nHost: a\n", nil},
		{"json", `curl a/ --json '{"a":1}'`, "POST http://a/\nHost: a\nContent-Type: application/json\nAccept: application/json\nContent-Length: 7\n\n{\"a\":1}\n", nil},
		{"user", `curl a/ -u me:pw`, "GET http://a/\nHost: a\nAuthorization: Basic bWU6cHc=\n", nil},
		{"user in the URL", `curl http://me:pw@a/`, "GET http://a/\nHost: a\nAuthorization: Basic bWU6cHc=\n", nil},
		{"cookies", `curl a/ -b 'a=1; b=2' --cookie c=3`, "GET http://a/\nHost: a\nCookie: a=1; b=2; c=3\n", nil},
		{"agent and referer", `curl a/ -A me -e 'http://b/;auto' --compressed`, "GET http://a/\nHost: a\nUser-Agent: me\nReferer: http://b/\nAccept-Encoding: deflate, gzip, br, zstd\n", nil},
		{"headers before options", `curl a/ -A me -b a=1 -u a:b -H 'Cookie: c' -H 'User-Agent: you' -H 'authorization: x'`, "GET http://a/\nHost: a\nCookie: c\nUser-Agent: you\nauthorization: x\n", nil},
		{"dots", `curl a/b/../c`, "GET http://a/c\nHost: a\n", nil},
		{"dots as they are", `curl --path-as-is a/b/../c`, "GET http://a/b/../c\nHost: a\n", nil},
		{"combined", `curl -sSLkXPOST a/ -o /dev/null`, "POST http://a/\nHost: a\n", []string{
			"line 1: the option -s is ignored", "line 1: the option -S is ignored", "line 1: the option -L is ignored",
			"line 1: the option -k is ignored", "line 1: the option -o is ignored",
		}},
		{"no- option", `curl --no-progress-meter a/`, "GET http://a/\nHost: a\n", []string{"line 1: the option --no-progress-meter is ignored"}},
		{"upload", `curl -T body.txt a/`, "PUT http://a/body.txt\nHost: a\nContent-Length: 9\n\none\r\ntwo\n\n", nil},
		{"double quotes", `curl "a/\$x\"y\a"`, "GET http://a/$x%22y%5Ca\nHost: a\n", nil},
		{"ansi quotes", `curl a/ --data-raw $'it\'s\u0021\x41\101\n\ud83d\ude00\U0001f600\ud83d.' -H 'Content-Type: t/x'`, "POST http://a/\nHost: a\nContent-Type: t/x\nContent-Length: 20\n\nit's!AA\n😀😀\ufffd.\n", nil},
		{"lines", "curl 'a/' \\\n  -H 'A: 1' \\\r\n  --data-raw '1\n2' -H 'Content-Type: x/y'", "POST http://a/\nHost: a\nA: 1\nContent-Type: x/y\nContent-Length: 3\n\n1\n2\n", nil},
		{"escaped brackets", `curl 'a/?x\[\]=1'`, "GET http://a/?x[]=1\nHost: a\n", nil},
		{"brackets", `curl 'a/{b,c}'`, "GET http://a/%7Bb,c%7D\nHost: a\n", []string{"line 1: the brackets in the URL are kept: curl would send a request for each"}},
		{"address", `curl -g 'http://[::1]:80/'`, "GET http://[::1]:80/\nHost: [::1]:80\n", nil},
		{"piped on", "curl a/ | jq . > x", "GET http://a/\nHost: a\n", []string{"line 1: what the answer is piped into is ignored"}},
		{"piped in", `printf %s AP8= | base64 -d | curl a/ --data-binary @- -H Content-Type:`, "POST http://a/\nHost: a\nContent-Length: 2\n\n\x00\xff\n", nil},
		{"here-document", "curl a/ -H Content-Type: -d @- <<'EOF'\n{\"a\": \"$b\"}\nEOF\n", "POST http://a/\nHost: a\nContent-Length: 11\n\n{\"a\": \"$b\"}\n", nil},
		{"here-document, not quoted", "cat <<-EOF | curl a/ -H Content-Type: --data-binary @-\n\t\\$x\n\tEOF\n", "POST http://a/\nHost: a\nContent-Length: 3\n\n$x\n\n", nil},
		{"here-string", "curl a/ -H Content-Type: -d @- <<< 'x y'", "POST http://a/\nHost: a\nContent-Length: 3\n\nx y\n", nil},
		{"not quoted", `curl a/?b=1&c=2`, "GET http://a/?b=1\nHost: a\n", []string{
			"line 1: what stands behind & is another command: is the URL without quotes?", `line 1: the variable "c" is ignored`,
		}},
		{"cmd", "curl ^\"http://a/?b=^%^20c^&d^\" ^\r\n  -H ^\"A: 1^\" ^\r\n  --data-raw ^\"^{^\\^\"x^\\^\":^\\^\"^^y^\\^\"^}^\"", "POST http://a/?b=%20c&d\nHost: a\nA: 1\n" + form + "Content-Length: 10\n\n{\"x\":\"^y\"}\n", nil},
		{"older cmd", "curl \"http://a/\" ^\r\n  -H \"A: 1\" --data-binary \"{\\\"x\\\":1}\\\\\"^\r\n -d \"1\"^\r\n\r\n\"2\"", "POST http://a/\nHost: a\nA: 1\n" + form + "Content-Length: 12\n\n{\"x\":1}\\&1\n2\n", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, warnings, err := ReadCurlIn(dir, test.in)
			if err != nil {
				t.Fatal(err)
			}
			checkText(t, dump(e), test.want)
			if diff := cmp.Diff(test.warnings, texts(warnings)); diff != "" {
				t.Errorf("warnings (-want +got)\n%s", diff)
			}
		})
	}
}

func TestReadCurlForm(t *testing.T) {
	dir := writeFiles(t, map[string]string{"sub/a b.png": "\x89PNG", "h.txt": "text"})
	e, _, err := ReadCurlIn(dir, `curl a/ -F 'a=x;type=text/html; charset=utf-8' -F "f=@sub/a b.png" -F 'g=<h.txt' \
		--form-string 'l=@x;type=y' -F 'n=@h.txt;filename="q\".txt"' -F 'o=1;2' -H 'Content-Type: multipart/form-data; boundary=B'`)
	if err != nil {
		t.Fatal(err)
	}
	checkText(t, string(e.Request.Body), strings.Join([]string{
		"--B", `Content-Disposition: form-data; name="a"`, "Content-Type: text/html; charset=utf-8", "", "x",
		"--B", `Content-Disposition: form-data; name="f"; filename="a b.png"`, "Content-Type: image/png", "", "\x89PNG",
		"--B", `Content-Disposition: form-data; name="g"`, "", "text",
		"--B", `Content-Disposition: form-data; name="l"`, "", "@x;type=y",
		"--B", `Content-Disposition: form-data; name="n"; filename="q%22.txt"`, "Content-Type: text/plain", "", "text",
		"--B", `Content-Disposition: form-data; name="o"`, "", "1",
		"--B--", "",
	}, "\r\n"))
}

func TestReadCurlErrors(t *testing.T) {
	dir := writeFiles(t, map[string]string{"in/x": "", "secret": "s"})
	if err := os.Symlink(filepath.Join(dir, "secret"), filepath.Join(dir, "in", "link")); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, in, want, hint string }{
		{"nothing", "", "no curl command", "URL"},
		{"another command", "wget a/", "no curl command", "URL"},
		{"no URL", "curl -v", "line 1: the command has no URL", ""},
		{"unknown option", "curl a/ --frobnicate", "line 1: unknown option --frobnicate", "leave"},
		{"unknown short option", "\ncurl a/ -s?", "line 1: unknown option -?", "leave"},
		{"option without its value", "curl a/ -H", "line 1: the option -H lacks its value", ""},
		{"option that needs more", "curl a/ -K conf", "line 1: the option --config can't be read: its request depends on more than the command", ""},
		{"variable", `curl a/ -H "A: $TOKEN"`, `line 1: the value of "$TOKEN" is not known here`, "put the value"},
		{"substitution", "curl a/ \\\n -d \"$(cat x)\"", `line 2: the value of "$(cat x)" is not known here`, "put the value"},
		{"here-document with a variable", "curl a/ -d @- <<EOF\n$x\nEOF\n", `line 2: the value of "$x" is not known here`, "put the value"},
		{"open quote", "curl 'a/", "line 1: the shell would not read it: reached EOF without closing quote `'`", "quote"},
		{"loop", "for x in 1 2; do curl a/; done", "line 1: more than plain commands", "alone"},
		{"outside", "curl a/ -d @../secret", "line 1: the file \"../secret\" is outside of", ""},
		{"outside by a link", "curl a/ -d @link", `line 1: the file "link": path escapes from parent`, ""},
		{"outside, absolute", "curl a/ -d @/etc/hostname", `line 1: the file "/etc/hostname" is outside of`, ""},
		{"no file", "curl a/ -d @nope", `line 1: the file "nope": no such file`, ""},
		{"unknown stdin", `echo a "$x" | curl a/ -d @-`, "line 1: what is piped into the command is not known", ""},
		{"too many arguments", "curl ^\"a/^\"" + strings.Repeat(" -s", 100_001), "line 1: more than 100000 arguments", ""},
		{"too many options in a word", "curl a/ -" + strings.Repeat("s", 101), "line 1: more than 100 options in a word", ""},
		{"too many URLs", "curl" + strings.Repeat(" a", 1001), "line 1: more than 1000 URLs in a command", ""},
		{"stdin", "curl a/ -d @-", "line 1: what is piped into the command is not known", ""},
		{"two bodies", "curl a/ -d 1 -F a=b", "line 1: two of -d, -F and -T", ""},
		{"powershell", "Invoke-WebRequest -Uri http://a/", "a command of PowerShell", "cmd"},
		{"several", "curl a/; curl b/", "2 requests where one is wanted", ""},
		{"other protocol", "curl ftp://a/", `line 1: the URL "ftp://a/" is not of HTTP`, ""},
		{"header injection", "curl a/ -H $'A: 1\\r\\nB: 2'", `line 1: the value of the header "A" has a control character`, ""},
		{"nested", "curl " + strings.Repeat("$(", 100_000), "too long or too nested", "file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := ReadCurlIn(filepath.Join(dir, "in"), test.in)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Fatalf("got  %v\nwant %s", err, test.want)
			}
			var broken *FormatError
			if !errors.As(err, &broken) || !strings.Contains(broken.Hint(), test.hint) || strings.Contains(err.Error(), "\n") {
				t.Errorf("hint %q of %#v", broken.Hint(), err)
			}
		})
	}
}

func TestReadCurlSeveral(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"many", "curl a/" + strings.Repeat("&&x", 80_000), "GET a"},
		{"other commands", "echo \"$x\"; echo \"$x\" | base64 && curl a/", "GET a"},
		{"script", "#!/bin/sh\nset -e\ncurl a/ ;\ncurl -I b/ && curl c/\n", "GET a HEAD b GET c"},
		{"copied from a browser", "curl 'http://a/' -H 'A: 1' ;\ncurl 'http://b/' -d 1", "GET a POST b"},
		{"copied for cmd", "curl ^\"http://a/^\" &\r\ncurl ^\"http://b/^\" -I", "GET a HEAD b"},
		{"next", "curl a/ -d 1 --next b/ c/", "POST a GET b GET c"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			exchanges, _, err := readCurls(t.TempDir(), test.in)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range exchanges {
				got = append(got, e.Request.Method, e.Request.Get("Host"))
			}
			if s := strings.Join(got, " "); s != test.want {
				t.Errorf("got %s, want %s", s, test.want)
			}
		})
	}
}

// A long body is not shown to the shell's grammar, which is slow and recursive.
func TestReadCurlLargeBody(t *testing.T) {
	body := strings.Repeat(`{"a":[(1)]},`, 500_000)
	start := time.Now()
	e, err := ReadCurl("curl 'http://a/' \\\n -H 'X: it'\\''s' --data-raw $'" + body + `\u0021' -H $'Y: \'' --compressed`)
	if err != nil {
		t.Fatal(err)
	}
	if string(e.Request.Body) != body+"!" || e.Request.Get("X") != "it's" || e.Request.Get("Y") != "'" {
		t.Errorf("body of %d bytes, %v", len(e.Request.Body), e.Request.Headers)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestReadCurlBoundaryIsTheSame(t *testing.T) {
	one, err := ReadCurl("curl a/ -F a=1")
	if err != nil {
		t.Fatal(err)
	}
	two, err := ReadCurl("curl a/ --form a=1")
	if err != nil {
		t.Fatal(err)
	}
	if dump(one) != dump(two) || !strings.HasPrefix(one.Request.Get("Content-Type"), "multipart/form-data; boundary=------") {
		t.Errorf("%s\n%s", dump(one), dump(two))
	}
}

func TestWriteCurl(t *testing.T) {
	const url = "http://127.0.0.1:8787/"
	jsonType := runtime.Header{"Content-Type", "application/json"}
	tests := []struct {
		name string
		in   runtime.Request
		want string
	}{
		{"get", runtime.Request{Method: "GET", URL: url}, "curl http://127.0.0.1:8787/"},
		{"head", runtime.Request{Method: "HEAD", URL: url}, "curl --head http://127.0.0.1:8787/"},
		{"query", runtime.Request{Method: "GET", URL: url + "?a=1&b=[2]"}, "curl --globoff 'http://127.0.0.1:8787/?a=1&b=[2]'"},
		{
			"post",
			runtime.Request{Method: "POST", URL: url, Headers: []runtime.Header{jsonType}, Body: []byte(`{"it's": "$HOME"}`)},
			`curl http://127.0.0.1:8787/ -H 'Content-Type: application/json' --data-raw '{"it'\''s": "$HOME"}'`,
		},
		{"put without a body", runtime.Request{Method: "PUT", URL: url}, "curl -X PUT http://127.0.0.1:8787/"},
		{
			"no type",
			runtime.Request{Method: "POST", URL: url, Body: []byte("@file")},
			"curl http://127.0.0.1:8787/ -H 'Content-Type:' --data-raw @file",
		},
		{
			"get with a body",
			runtime.Request{Method: "GET", URL: url, Headers: []runtime.Header{jsonType}, Body: []byte("1")},
			"curl -X GET http://127.0.0.1:8787/ -H 'Content-Type: application/json' --data-raw 1",
		},
		{
			"headers",
			runtime.Request{Method: "GET", URL: url, Headers: []runtime.Header{
				{"Host", "127.0.0.1:8787"}, {"content-length", "5"}, {"Connection", "close"}, {"Accept-Encoding", "gzip"}, {"X-Empty", ""}, {"A", "b"}, {"A", "c"},
			}},
			"curl http://127.0.0.1:8787/ --compressed -H 'X-Empty;' -H 'A: b' -H 'A: c'",
		},
		{"dots", runtime.Request{Method: "GET", URL: url + "a/../b?/./"}, "curl --path-as-is 'http://127.0.0.1:8787/a/../b?/./'"},
		{"another host", runtime.Request{Method: "GET", URL: url, Headers: []runtime.Header{{"Host", "shop.test"}}}, "curl http://127.0.0.1:8787/ -H 'Host: shop.test'"},
		{
			"binary",
			runtime.Request{Method: "POST", URL: url, Headers: []runtime.Header{jsonType}, Body: []byte("\x1b\xff")},
			"printf %s G/8= | base64 -d | curl http://127.0.0.1:8787/ -H 'Content-Type: application/json' --data-binary @-",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := WriteCurl(&Exchange{Request: &test.in}); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func FuzzReadCurl(f *testing.F) {
	for _, seed := range []string{
		`curl 'http://a/?b=\[1\]' -H 'A: 1' -H 'B;' --data-raw $'it\'s \u0041\ud83d\ude00' --compressed`,
		`curl -sXPUT "a/\$b" -u a:b -b c=d -A e -e f --json '{"g":1}' --next -G h/ -d i -I`,
		"curl ^\"http://a/^\" ^\r\n -H ^\"A: ^%^20^\\^\"^\" ^\r\n --data-raw ^\"^{^}^\"",
		`printf %s AP8= | base64 -d | curl a/ --data-binary @- -H Content-Type: | jq .`,
		`curl a/ -F 'a=b;type=c/d' -F "e=<f" --form-string g=h --url-query i=j; curl b/ & c=1`,
	} {
		f.Add(seed)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, in string) {
		exchanges, _, err := readCurls(dir, in)
		if err != nil {
			return
		}
		for _, e := range exchanges {
			for i, h := range e.Request.Headers { // curl says which encodings it takes
				if strings.EqualFold(h.Name(), "Accept-Encoding") {
					e.Request.Headers[i] = runtime.Header{"Accept-Encoding", "-"}
				}
			}
			command := WriteCurl(e)
			again, _, err := ReadCurlIn(dir, command)
			if err != nil {
				t.Fatalf("%s: %v", command, err)
			}
			if got, want := sortedDump(again), sortedDump(e); got != want {
				t.Errorf("%s\n%q, want %q", command, got, want)
			}
		}
	})
}
