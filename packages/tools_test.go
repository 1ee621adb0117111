package packages

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// pyenv's command fails for a version that is installed and not set; the installed
// one is found all the same.
func TestPythonOfPyenvIsFound(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("pyenv's commands are shell scripts")
	}
	shims, root := t.TempDir(), t.TempDir()
	script := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	name := "python" + guestVersion
	installed := filepath.Join(root, "versions", guestVersion+".1", "bin", name)
	script(filepath.Join(shims, name), "echo 'pyenv: command not found' >&2; exit 127")
	script(filepath.Join(shims, "python3"), "printf 'old\\n3.11.7\\ninclude\\ninclude\\n'")
	t.Setenv("PATH", shims+string(os.PathListSeparator)+"/usr/bin"+string(os.PathListSeparator)+"/bin")
	t.Setenv("PYENV_ROOT", root)

	if got, err := findPython(t.Context()); err != nil || got.version != "3.11.7" {
		t.Errorf("without it: %+v, %v", got, err)
	}
	script(installed, "printf '"+installed+"\\n"+guestVersion+".1\\ninclude\\ninclude\\n'")
	got, err := findPython(t.Context())
	if err != nil || got.path != installed || got.version != guestVersion+".1" {
		t.Errorf("with it: %+v, %v; want %s", got, err, installed)
	}
}
