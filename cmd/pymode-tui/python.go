package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"pymode-tui/runtime"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"
)

// newPythonCommand is `pymode-tui python`: all arguments are the interpreter's.
func newPythonCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "python [ARGS...]",
		Short: "Run the workers' Python interpreter as a command",
		Long: "Run the interpreter that workers run in as python3 would be run: -c, -m, a\n" +
			"script, - or, on a terminal, a prompt. It sees the current directory, and the\n" +
			"packages that were installed for a worker there. Before all else, --binary FILE\n" +
			"takes another python.wasm than the built one.",
		Example:            "  pymode-tui python -c 'import sys; print(sys.version)'\n  pymode-tui python -m json.tool < data.json",
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			binary, args, err := takeBinary(args)
			if err != nil {
				return err
			}
			return runPython(cmd, &workerFlags{binary: binary}, args)
		},
	}
}

// takeBinary takes --binary FILE off the front of the arguments, the rest of
// which are Python's.
func takeBinary(args []string) (file string, rest []string, err error) {
	if len(args) == 0 {
		return "", args, nil
	}
	if file, ok := strings.CutPrefix(args[0], "--binary="); ok {
		return file, args[1:], nil
	}
	if args[0] != "--binary" {
		return "", args, nil
	}
	if len(args) == 1 {
		return "", nil, usagef("--binary: the file is missing")
	}
	return args[1], args[2:], nil
}

func runPython(cmd *cobra.Command, flags *workerFlags, args []string) error {
	display := newBuildDisplay(os.Stderr)
	engine, built, err := engineConfig(cmd.Context(), flags, display.show)
	display.close()
	if err != nil {
		printBuildOutput(os.Stderr, err)
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("current directory: %w", err)
	}
	packages := filepath.Join(dir, ".pymode", "site-packages")
	if info, err := os.Stat(packages); err != nil || !info.IsDir() {
		packages = ""
	}
	// From here on Ctrl-C is Python's: KeyboardInterrupt.
	signal.Reset(os.Interrupt)
	signals, interrupt := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, os.Interrupt)
	defer signal.Stop(signals)
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case <-signals:
				select {
				case interrupt <- struct{}{}:
				case <-done:
					return
				}
			case <-done:
				return
			}
		}
	}()
	code, err := runtime.Python(cmd.Context(), engine, runtime.PythonConfig{
		Args: args, Env: os.Environ(), Dir: dir, Packages: packages, TestSuite: built.TestSuite,
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Terminals: [3]bool{term.IsTerminal(os.Stdin.Fd()), term.IsTerminal(os.Stdout.Fd()), term.IsTerminal(os.Stderr.Fd())},
		Interrupt: interrupt,
	})
	if err == nil && code != 0 {
		err = statusError(code)
	}
	return err
}
