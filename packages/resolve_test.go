package packages

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestPureWheel(t *testing.T) {
	for file, want := range map[string]bool{
		"a-1-py3-none-any.whl": true, "a-1-py2.py3-none-any.whl": true, "a-1-1-py313-none-any.whl": true,
		"a-1-cp313-cp313-manylinux_2_17_x86_64.whl": false, "a-1-py3-none-win32.whl": false, "a-1-py2-none-any.whl": false,
		"a-1-cp313-cp313-pyemscripten_2025_0_wasm32.whl": false, "a-1-cp313-abi3-any.whl": false, "a-1.tar.gz": false,
	} {
		if got := pureWheel(file); got != want {
			t.Errorf("pureWheel(%q) = %v", file, got)
		}
	}
}

func TestChooseFile(t *testing.T) {
	hash := map[string]string{"sha256": someDigest}
	source := &foundFile{URL: "https://index/x/A-1.tar.gz", Hashes: hash}
	pure := foundFile{URL: "https://index/x/a-1-py3-none-any.whl#y", Hashes: hash}
	other := foundFile{URL: "https://index/x/a-1-cp313-cp313-win32.whl", Hashes: hash}
	for name, c := range map[string]struct {
		found  found
		recipe *recipe
		file   string
		kind   Kind
		err    error
	}{
		"pure":            {found{Source: source, Wheels: []foundFile{other, pure}}, nil, "a-1-py3-none-any.whl", KindWheel, nil},
		"source":          {found{Source: source, Wheels: []foundFile{other}}, nil, "A-1.tar.gz", KindSource, nil},
		"recipe":          {found{Source: source, Wheels: []foundFile{pure}}, &recipe{Build: true}, "A-1.tar.gz", KindSource, nil},
		"binaries":        {found{Wheels: []foundFile{other}}, nil, "", "", ErrUnsupported},
		"no digest":       {found{Source: &foundFile{URL: "https://index/x/A-1.tar.gz"}}, nil, "", "", ErrUnsupported},
		"a repository":    {found{VCS: map[string]any{"url": "x"}}, nil, "", "", ErrUnsupported},
		"this machine":    {found{Source: &foundFile{Path: "/wheels/a-1.tar.gz", Hashes: hash}}, nil, "a-1.tar.gz", KindSource, nil},
		"reason, no file": {found{Wheels: []foundFile{other}}, &recipe{Reason: "it needs x"}, "", "", ErrUnsupported},
	} {
		c.found.Name, c.found.Version = "A", "1"
		p, err := c.found.choose(c.recipe)
		if !errors.Is(err, c.err) || err == nil && (p.File != c.file || p.Kind != c.kind || p.Name != "a") {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		output, want string
		kind         error
	}{
		{
			"error: No solution found when resolving dependencies\n  cause: Because zz was not found in the package registry and you require zz, we can conclude that your requirements are unsatisfiable.",
			"there is no package zz in the index", ErrNotFound,
		},
		{
			"  cause: Because only markupsafe<=3.0.4 is available and pymode-worker depends on markupsafe>=99, we can conclude that your requirements are unsatisfiable.",
			"no version fits: only markupsafe<=3.0.4 is available and the project needs markupsafe>=99", ErrNotFound,
		},
		{
			"  cause: Because flask>=3 depends on jinja2>=3.1 and pymode-worker depends on flask>=3, we can conclude that pymode-worker depends on jinja2>=3.1.\n And because pymode-worker depends on jinja2<3, we can conclude that pymode-worker's requirements are unsatisfiable.",
			"the dependencies can't be had together: flask>=3 depends on jinja2>=3.1 and the project needs flask>=3, and the project needs jinja2<3", ErrConflict,
		},
		{"error: Request failed\n  cause: error sending request for url (x)\n  cause: tcp connect error\n  cause: Connection refused (os error 111)", "can't be reached: connection refused", ErrNetwork},
		{"  cause: Because six was not found in the cache and you require six, we can", "six is not in the cache", ErrOffline},
		{"error: something new\n  cause: of some kind", "something new: of some kind", ErrRequirement},
	} {
		err := explain(&failure{err: errors.New("exit status 1"), lines: strings.Split(c.output, "\n")})
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q\ngives %v\nwant  %s", c.output, err, c.want)
		}
	}
}

func TestTranslatePip(t *testing.T) {
	list := "global.index-url='https://one/simple'\n:env:.index-url='https://two/simple'\n:env:.find-links='/a /b'\nglobal.timeout='60'\n"
	got := translatePip(list, func(string) (string, bool) { return "", false })
	if want := []string{"UV_DEFAULT_INDEX=https://two/simple", "UV_FIND_LINKS=/a,/b"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := translatePip(list, func(string) (string, bool) { return "x", true }); got != nil {
		t.Errorf("uv's own environment is overruled: %q", got)
	}
}

func TestDiagnose(t *testing.T) {
	for _, c := range []struct {
		line, want string
		never      bool
	}{
		{"x.c:1:10: fatal error: 'openssl/ssl.h' file not found", "it needs OpenSSL", true},
		{"x.c:1:10: fatal error: 'foo.h' file not found", "it needs the header foo.h, which is not there", false},
		{"x.c:3:1: error: call to undeclared function 'fork'; ISO C99", "it needs subprocesses", true},
		{"x.c:3:1: error: unknown type name 'y'", "unknown type name 'y'", false},
		{
			"| ./kiwi/solverimpl.h:608:6: error: cannot use 'throw' with exceptions disabled",
			"its C++ throws exceptions (solverimpl.h:608), and side modules are compiled without", true,
		},
		{"it just ended", "it just ended", false},
	} {
		if got, never := diagnose([]string{"building", c.line}[1:]); got != c.want || never != c.never {
			t.Errorf("%q: %q, %v", c.line, got, never)
		}
	}
	missing := &missingSymbols{[]string{"a", "pthread_create"}}
	if missing.Error() != "it needs threads (pthread_create)" {
		t.Error(missing)
	}
}
