package ignore

import "testing"

// The expectations are what git check-ignore answers for the same patterns and paths.
func TestPatterns(t *testing.T) {
	tests := []struct {
		name     string
		patterns string
		ignored  []string // a trailing slash makes a directory
		kept     []string
	}{
		{"name at any depth", "build", []string{"build", "build/", "a/b/build"}, []string{"builds", "a/build.py"}},
		{"directories only", "build/", []string{"build/", "a/build/"}, []string{"build", "a/build"}},
		{"anchored by a leading slash", "/build", []string{"build", "build/"}, []string{"a/build"}},
		{"anchored by an inner slash", "a/*.py", []string{"a/x.py"}, []string{"b/a/x.py", "a/b/x.py", "x.py"}},
		{"extension", "*.log", []string{"x.log", "a/x.log", ".log"}, []string{"x.log.py"}},
		{"class", "*.py[co]", []string{"x.pyc", "x.pyo"}, []string{"x.py", "x.pyx"}},
		{"negated class", "x[!a-c].py", []string{"xd.py"}, []string{"xa.py", "x.py"}},
		{"question mark", "x?.py", []string{"x1.py"}, []string{"x.py", "x12.py"}},
		{"negation, the last match decides", "*.log\n!keep.log", []string{"x.log"}, []string{"keep.log", "a/keep.log"}},
		{"negation of a name keeps no content", "*.log\n!keep", []string{"keep/x.log"}, []string{"keep/"}},
		{"ignored again", "*.log\n!keep.log\nkeep.log", []string{"keep.log"}, nil},
		{"leading double star", "**/gen/x.py", []string{"gen/x.py", "a/b/gen/x.py", "gen/gen/x.py"}, []string{"x.py"}},
		{"inner double star", "a/**/z", []string{"a/z", "a/b/z", "a/b/c/z"}, []string{"a", "z", "b/a/z"}},
		{"trailing double star", "data/**", []string{"data/x", "data/a/x"}, []string{"data/", "x/data/y"}},
		{"all but one", "data/**\n!data/keep.txt", []string{"data/x"}, []string{"data/", "data/keep.txt"}},
		{"all but directories", "*\n!*/\n!*.py", []string{"x.txt", "a/x.txt"}, []string{"a/", "x.py", "a/x.py"}},
		{"comment and blank", "# x\n\n   \nx", []string{"x"}, []string{"# x"}},
		{"escaped comment and negation", "\\#x\n\\!y", []string{"#x", "!y"}, []string{"x", "y"}},
		{"trailing spaces", "x  \ny\\ ", []string{"x", "y "}, []string{"x  ", "y"}},
		{"CRLF and a byte order mark", "\ufeffx\r\ny\r\n", []string{"x", "y"}, nil},
		{"malformed class", "[a\nx", []string{"x"}, []string{"[a", "a"}},
		{"nothing", "", nil, []string{"x"}},
		{"only a slash", "/", nil, []string{"x", "x/"}},
		{"only a negation", "!", nil, []string{"x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			patterns := parse(tt.patterns)
			for want, paths := range map[bool][]string{true: tt.ignored, false: tt.kept} {
				for _, p := range paths {
					rel, dir := p, false
					if p[len(p)-1] == '/' {
						rel, dir = p[:len(p)-1], true
					}
					if got, _ := judge(patterns, rel, dir); got != want {
						t.Errorf("%q under %q: ignored %t, want %t", p, tt.patterns, got, want)
					}
				}
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("build/\n!build/keep\n**/a/**/b\n[!x]*\\ ", "build/a/b")
	f.Add("**/**/**", "a")
	f.Add("/", "x/y/z")
	f.Fuzz(func(t *testing.T, text, rel string) {
		if rel == "" {
			return
		}
		patterns := parse(text)
		for _, p := range patterns {
			if len(p.segments) == 0 {
				t.Fatalf("%q: a pattern without segments", text)
			}
		}
		judge(patterns, rel, false)
		if file, _ := judge(parse(text+"\n"+`!*`), rel, false); file {
			t.Fatalf("%q: a last \"!*\" does not keep %q", text, rel)
		}
	})
}
