package traffic

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pymode-tui/runtime"

	"github.com/google/go-cmp/cmp"
)

func TestReadHTTPFile(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"http-client.env.json":         `{"dev": {"host": "http://dev:1", "port": 8080, "debug": true, "both": "public", "SSLConfiguration": {"a": "b"}}, "prod": {"host": "http://prod"}, "$shared": {"all": "shared"}}`,
		"http-client.private.env.json": `{"dev": {"token": "t0k", "both": "private"}}`,
		"sub/body.json":                `{"who": "{{who}}"}`,
		"latin.txt":                    "\xe9{{who}}",
	})
	const length = "Content-Length: "
	tests := []struct{ name, env, in, want string }{
		{"url only", "", "http://a/", "GET http://a/\nHost: a\n"},
		{"no scheme", "", "GET localhost:8787/x", "GET http://localhost:8787/x\nHost: localhost:8787\n"},
		{"version and comments", "", "# c\n// d\nPOST http://a/ HTTP/1.1\n# e\nA: 1\n// f\nB:2\n\n# not one\n", "POST http://a/\nHost: a\nA: 1\nB: 2\n" + length + "9\n\n# not one\n"},
		{"windows", "", "\ufeffPUT http://a/\r\nA: 1\r\n\r\nb\r\nc\r\n\r\n", "PUT http://a/\nHost: a\nA: 1\n" + length + "3\n\nb\nc\n"},
		{"relative", "", "GET /x?y\nHost: b:8080\n", "GET http://b:8080/x?y\nHost: b:8080\n"},
		{"relative, TLS", "", "GET /\nHost: b:443\n", "GET https://b:443/\nHost: b:443\n"},
		{"relative without a host", "", "GET /x", "GET http://localhost/x\nHost: localhost\n"},
		{"query lines", "", "GET http://a/x\n    ?b=1\n\t&c= 2\n&d=3\nA: 1\n", "GET http://a/x?b=1&c=%202&d=3\nHost: a\nA: 1\n"},
		{"query lines behind a version", "", "GET http://a/x HTTP/1.1\n  ?b=1\n###\nGET http://a\n\t/x\n\tHTTP/1.1\nA: 1\n", "GET http://a/x?b=1\nHost: a\n---\nGET http://a/x\nHost: a\nA: 1\n"},
		{"several", "", "GET http://a/\n###\n\n### only a comment\n# x\n###\nGET http://b/\n###\n", "GET http://a/\nHost: a\n---\nGET http://b/\nHost: b\n"},
		{"variables in a body", "", "@h = a\n@u={{h}}/x\nGET {{u}}?{{ h }}&{{%v}}\n###\n@v = 1 &\\n2\nPOST {{u}}\n\n{\"a\": {{v}}}{{}}{{\"}}{{h}", "GET http://a/x?a&1%20%26%0A2\nHost: a\n---\nPOST http://a/x\nHost: a\n" + length + "25\n\n{\"a\": 1 &\n2}{{}}{{\"}}{{h}\n"},
		{"environment", "dev", "@host = http://file\nGET {{host}}/{{port}}/{{debug}}/{{both}}/{{all}}\nAuthorization: Bearer {{token}}", "GET http://dev:1/8080/true/public/shared\nHost: dev:1\nAuthorization: Bearer t0k\n"},
		{"no environment", "", "@host = http://file\nGET {{host}}/{{all}}", "GET http://file/shared\nHost: file\n"},
		{"included", "", "@who = me\nPOST http://a/\n\n< ./sub/body.json", "POST http://a/\nHost: a\n" + length + "18\n\n{\"who\": \"{{who}}\"}\n"},
		{"included with variables", "", "@who = me\n@name = body\nPOST http://a/\n\n<@ sub\\{{name}}.json\n<@latin1 latin.txt", "POST http://a/\nHost: a\n" + length + "18\n\n{\"who\": \"me\"}\néme\n"},
		{"form", "", "POST http://a/\nContent-Type: application/x-www-form-urlencoded\n\na=1\n  &b=2\n&c=3\n", "POST http://a/\nHost: a\nContent-Type: application/x-www-form-urlencoded\n" + length + "11\n\na=1&b=2&c=3\n"},
		{"multipart", "", "POST http://a/\nContent-Type: multipart/form-data; boundary=b\n\n--b\nContent-Disposition: form-data; name=\"x\"\n\n< ./sub/body.json\n--b--\n", "POST http://a/\nHost: a\nContent-Type: multipart/form-data; boundary=b\n" + length + "74\n\n--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n{\"who\": \"{{who}}\"}\r\n--b--\n"},
		{"xml is no file", "", "POST http://a/\n\n<a>\n<b/>\n</a>", "POST http://a/\nHost: a\n" + length + "13\n\n<a>\n<b/>\n</a>\n"},
		{"scripts", "", "< {%\n x = 1\n%}\nPOST http://a/\n\nb\n\n> {%\n client.test()\n%}\n\n> ./check.js\n<> out.json\n>>! out.json\n", "POST http://a/\nHost: a\n" + length + "1\n\nb\n"},
		{"quotation in a body", "", "POST http://a/\n\n> said he\n", "POST http://a/\nHost: a\n" + length + "9\n\n> said he\n"},
		{"basic", "", "@p = pw\nGET http://a/\nAuthorization: Basic me {{p}}\n###\nGET http://a/\nAuthorization: Basic bWU6cHc=", "GET http://a/\nHost: a\nAuthorization: Basic bWU6cHc=\n---\nGET http://a/\nHost: a\nAuthorization: Basic bWU6cHc=\n"},
		{"skipped", "", "GET {{login.response.body.$.token}}\n###\nWEBSOCKET ws://a/\n###\n# @prompt otp\nGET http://a/{{otp}}\n###\nGET http://b/", "GET http://b/\nHost: b\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(dir, "a.http")
			if err := os.WriteFile(path, []byte(test.in), 0o644); err != nil {
				t.Fatal(err)
			}
			exchanges, err := ReadHTTPFile(path, test.env)
			if err != nil {
				t.Fatal(err)
			}
			checkText(t, dumps(exchanges), test.want)
		})
	}
}

func TestHTTPFileNames(t *testing.T) {
	exchanges, _, err := parseHTTPText("### one\nGET http://a/\n### two\n# @name second\nGET http://a/\n###\n// @name = third\nGET http://a/\n###\nGET http://a/", newFolder(t.TempDir()), newVariables())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range exchanges {
		names = append(names, e.Name)
	}
	if diff := cmp.Diff([]string{"one", "second", "third", ""}, names); diff != "" {
		t.Error(diff)
	}
}

func TestHTTPFileMadeUpValues(t *testing.T) {
	exchanges, _, err := parseHTTPText("@id = {{$uuid}}\nGET http://a/{{id}}/{{id}}/{{$guid}}/{{$timestamp}}/{{$randomInt 5 6}}/{{$isoTimestamp}}", newFolder(t.TempDir()), newVariables())
	if err != nil {
		t.Fatal(err)
	}
	const id = `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`
	match := regexp.MustCompile(`^http://a/(` + id + `)/(` + id + `)/` + id + `/\d{10}/5/\d{4}-\d\d-\d\dT[\d:.]+Z$`).FindStringSubmatch(exchanges[0].Request.URL)
	if match == nil || match[1] != match[2] {
		t.Errorf("got %s", exchanges[0].Request.URL)
	}
}

func TestHTTPFileWarnings(t *testing.T) {
	_, warnings, err := parseHTTPText("import x.http\nGET {{a.response.body.b}}\n###\n\nGRPC x/y\n###\nGET http://a/{{$dotenv X}}\n###\nGET http://a/\n\n> {% x %}\n", newFolder(t.TempDir()), newVariables())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`line 1: "import x.http" is left out`,
		"line 11: the script is left out",
		`line 2: left out: "a.response.body.b" comes from another request`,
		"line 5: left out: GRPC is no method of HTTP",
		"line 7: left out: {{$dotenv}} can't be made up here",
	}
	if diff := cmp.Diff(want, texts(warnings)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestHTTPFileErrors(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"in/http-client.env.json": `{"dev": {}, "prod": {}}`, "secret": "s", "in/bin": "\xff", "in/undefined": "{{x}}",
	})
	if err := os.Symlink(filepath.Join(dir, "secret"), filepath.Join(dir, "in", "link")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "in", "a.http")
	many := strings.Repeat("\n", maxLines+1)
	bomb := "@a0 = 0123456789\n"
	for _, name := range "123456789" {
		bomb += "@a" + string(name) + " = " + strings.Repeat("{{a"+string(name-1)+"}}", 10) + "\n"
	}
	tests := []struct{ name, env, in, want, hint string }{
		{"no header", "", "\nGET http://a/\nA: 1\nxyz\n", `:4: "xyz" is no header`, "empty line"},
		{"no request", "", "###\nhello big world\n", ":2: \"hello big world\" is no request", "begins with a method"},
		{"undefined", "", "GET http://a/\n\n1\n{{x}}", `:4: the variable "x" is not defined`, "dev, prod"},
		{"undefined in a definition", "", "@a = {{x}}\nGET http://{{a}}/", `:1: the variable "x" is not defined`, "dev, prod"},
		{"undefined in a file", "", "GET http://a/\n\n<@ undefined", `:3: the variable "x" is not defined`, "dev, prod"},
		{"refers to itself", "", "@a = {{b}}\n@b = {{a}}\nGET http://{{a}}/", `the variable "`, ""},
		{"no environment", "staging", "GET http://a/", `http-client.env.json: no environment "staging"`, "there are dev, prod"},
		{"outside", "", "GET http://a/\n\n< ../secret", `:3: the file "../secret" is outside of`, ""},
		{"outside by a link", "", "GET http://a/\n\n< link", `:3: the file "link": path escapes from parent`, ""},
		{"no file", "", "GET http://a/\n\nx\n< none", `:4: the file "none": no such file`, ""},
		{"binary with variables", "", "GET http://a/\n\n<@ bin", `:3: the file "bin" is not UTF-8`, ""},
		{"unknown encoding", "", "GET http://a/\n\n<@klingon bin", `:3: the encoding "klingon" is not known`, ""},
		{"bad method", "", "GET http://a b/", `:1: the URL "http://a b/"`, ""},
		{"bad random", "", "GET http://a/{{$randomInt 2 1}}", ":1: $randomInt wants two whole numbers", ""},
		{"long URL", "", "GET http://a/" + strings.Repeat("\n aa", maxLines-1), ":1: the URL is longer than 1024 kB", ""},
		{"too many lines", "", many, ": more than 1000000 lines", "into files"},
		{"bomb", "", bomb + "GET http://a/{{a9}}", "longer than", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(test.in), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := ReadHTTPFile(path, test.env)
			var broken *FormatError
			if !errors.As(err, &broken) {
				t.Fatalf("got %v", err)
			}
			if !strings.HasPrefix(err.Error(), filepath.Dir(path)) || !strings.Contains(err.Error(), test.want) || !strings.Contains(broken.Hint(), test.hint) {
				t.Errorf("got  %v (%s)\nwant %s (%s)", err, broken.Hint(), test.want, test.hint)
			}
		})
	}
}

func TestBrokenEnvironment(t *testing.T) {
	dir := writeFiles(t, map[string]string{"http-client.env.json": "{\n\"dev\": [}", "a.http": "GET http://a/"})
	_, err := ReadHTTPFile(filepath.Join(dir, "a.http"), "dev")
	if want := filepath.Join(dir, "http-client.env.json") + ":2: not a file of environments"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWriteHTTPFile(t *testing.T) {
	exchanges := []*Exchange{
		{Name: "create\norder", Request: &runtime.Request{Method: "POST", URL: "http://a/x", Headers: []runtime.Header{{"Host", "a"}, {"A", "1"}, {"Content-Length", "7"}}, Body: []byte("{\"a\":1}")}},
		{},
		{Request: &runtime.Request{Method: "GET", URL: "http://a/{{x}}"}},
		{Request: &runtime.Request{Method: "PUT", URL: "http://a/", Headers: []runtime.Header{{"Host", "b"}}, Body: []byte("### x\n< y\n\n{{z}}\r\n")}},
	}
	var b bytes.Buffer
	if err := WriteHTTPFile(&b, exchanges); err != nil {
		t.Fatal(err)
	}
	checkText(t, b.String(), strings.Join([]string{
		"@nothing = ", "@braces = {{", `@cr = \r`,
		"### create order", "POST http://a/x", "A: 1", "", `{"a":1}`, "",
		"###", "GET http://a/%7B%7Bx%7D%7D", "",
		"###", "PUT http://a/", "Host: b", "", "{{nothing}}### x", "{{nothing}}< y", "", "{{braces}}z}}{{cr}}", "{{nothing}}", "", "",
	}, "\n"))
}

func TestWriteHTTPFileReadsBack(t *testing.T) {
	bodies := []string{
		"x", "\n", "\n\n", " ", "a\n", "\na", " \na\n\t\n", "a\r\nb", "###", "####\n### x", "< x", "<> x", "> {% x %}", "  < {%", ">> f", "{{x}}", "{{{x}}}", "{{{{", "{{\n}}", "@a = b", "# c", "// d", "%}", "é\u2028\u00a0", "\u00a0", "\r",
	}
	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"} {
		for _, body := range bodies {
			want := &Exchange{Request: &runtime.Request{Method: "POST", URL: "http://a/", Body: []byte(body)}}
			if contentType != "" {
				want.Request.Headers = []runtime.Header{{"Content-Type", contentType}}
			}
			if err := normalize(want.Request); err != nil {
				t.Fatal(err)
			}
			checkHTTPReadsBack(t, t.TempDir(), []*Exchange{want, want})
		}
	}
}

func checkHTTPReadsBack(t *testing.T, dir string, want []*Exchange) {
	t.Helper()
	var b bytes.Buffer
	if err := WriteHTTPFile(&b, want); err != nil {
		t.Fatal(err)
	}
	got, warnings, err := parseHTTPText(b.String(), newFolder(dir), newVariables())
	if err != nil || len(warnings) > 0 || len(got) != len(want) {
		t.Fatalf("%q: %v %v, %d requests", b.String(), err, warnings, len(got))
	}
	for i := range want {
		if g, w := sortedDump(got[i]), sortedDump(want[i]); g != w || got[i].Name != want[i].Name {
			t.Errorf("%q\n%q of %q, want %q of %q", b.String(), g, got[i].Name, w, want[i].Name)
		}
	}
}

func TestWriteHTTPFileRefusesBinary(t *testing.T) {
	var b bytes.Buffer
	err := WriteHTTPFile(&b, []*Exchange{
		{Request: &runtime.Request{URL: "http://a/"}}, {Name: "picture", Request: &runtime.Request{Method: "PUT", URL: "http://a/", Body: []byte("\x89PNG")}},
	})
	if err == nil || err.Error() != "request 2 (picture): the body is not UTF-8" || b.Len() > 0 {
		t.Errorf("got %v and %q", err, b.String())
	}
}

func FuzzReadHTTPFile(f *testing.F) {
	for _, seed := range []string{
		"@h = http://a\n@u={{h}}\\n/x\n### one\n# @name n\nPOST {{u}}\n  ?b=1\nA: {{%h}}\n\n{{h}}\n< x\n> {% y %}\n###\nhttp://b/",
		"POST http://a/\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
		"GET /x HTTP/1.1\nHost: b\nContent-Type: application/x-www-form-urlencoded\n\na=1\n &b={{$guid}}\n",
		"< {%\n%}\n// @prompt x\nPUT a/{{x}}\n&y\n#c\nAuthorization: Basic a b\n\n{{{nothing}}}\n\n\n",
	} {
		f.Add(seed)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, in string) {
		text, err := readText(decodeText(strings.NewReader(in)))
		if err != nil {
			return
		}
		exchanges, _, err := parseHTTPText(text, newFolder(dir), newVariables())
		if err != nil {
			return
		}
		for _, e := range exchanges {
			for _, c := range e.Request.Body {
				if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
					return // a .http file can be read that can't be written
				}
			}
		}
		for _, e := range exchanges {
			e.Name = strings.TrimLeft(e.Name, "# ")
		}
		checkHTTPReadsBack(t, dir, exchanges)
	})
}
