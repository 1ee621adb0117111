package watcher

import "testing"

func TestGitignore(t *testing.T) {
	p := newProject(t, map[string]string{
		".gitignore":     "*.log\nout/\n.dev.vars\n*.toml\n",
		"pkg/.gitignore": "!keep.log\n",
		"pkg/keep.log":   "1",
		"pkg/drop.log":   "1",
		"out/x.py":       "1",
		"entry.py":       "1",
	}).watch(Options{})

	p.write("x.log", "2")
	p.write("pkg/drop.log", "2")
	p.write("out/x.py", "2")
	p.write("other.toml", "2")
	p.expectNothing()

	p.write("pkg/keep.log", "2")
	p.expect(map[string]Kind{"pkg/keep.log": Modified})

	for _, name := range []string{".dev.vars", "wrangler.toml", "pyproject.toml"} {
		p.write(name, "2")
		p.expect(map[string]Kind{name: Created})
	}
}

func TestGitignoreChanges(t *testing.T) {
	p := newProject(t, map[string]string{
		".gitignore": "out/\n", "out/x.py": "1", "out/sub/y.py": "1", "gen/z.py": "1", "a.tmp": "1",
	}).watch(Options{})

	p.write(".gitignore", "gen/\n*.tmp\n")
	p.expect(map[string]Kind{".gitignore": Modified, "out/x.py": Created, "out/sub/y.py": Created})

	p.write("gen/z.py", "2")
	p.write("a.tmp", "2")
	p.expectNothing()

	p.write("out/sub/y.py", "2")
	p.expect(map[string]Kind{"out/sub/y.py": Modified})

	p.remove(".gitignore")
	p.expect(map[string]Kind{".gitignore": Removed, "gen/z.py": Created, "a.tmp": Created})

	p.write("gen/z.py", "3")
	p.expect(map[string]Kind{"gen/z.py": Modified})

	p.write("out/.gitignore", "sub/\n")
	p.expect(map[string]Kind{"out/.gitignore": Created})
	p.write("out/sub/y.py", "3")
	p.expectNothing()
}

func TestVirtualEnvironmentMadeLater(t *testing.T) {
	p := newProject(t, nil).watch(Options{})
	p.write("env313/pyvenv.cfg", "home = /usr")
	for _, name := range []string{"env313/bin/activate", "env313/lib/python3.13/site-packages/x.py"} {
		p.write(name, "1")
	}
	p.expectNothing()

	p.remove("env313")
	p.write("env313/x.py", "1") // a plain directory now
	p.expect(map[string]Kind{"env313/x.py": Created})
}
