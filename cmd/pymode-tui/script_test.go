package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"pymode-tui/runtime/runtimetest"
)

// TestMain lets scripts call the real main as the command pymode-tui.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"pymode-tui": main})
}

// TestScripts runs the command line as a user does: testdata/script.
func TestScripts(t *testing.T) {
	runtimetest.Engine(t) // the runtime is built before a script's time counts
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	command, err := exec.LookPath("pymode-tui") // for scripts that change PATH
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_CACHE_HOME", cache)
			env.Setenv("COMMAND", command)
			return nil
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}
