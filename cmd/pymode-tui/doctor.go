package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"pymode-tui/packages"
	"pymode-tui/runtime/cpython"

	"github.com/charmbracelet/colorprofile"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/spf13/cobra"
)

// What doctor says of a thing.
const (
	stateOK       = "ok"
	stateMissing  = "missing"  // and needed
	stateOptional = "optional" // missing, and needed only for some things
)

// finding is what doctor says of one thing: a line, or an object with --json.
type finding struct {
	Name  string `json:"name"`
	State string `json:"state"`
	Text  string `json:"text"`          // what is there, or what it is needed for
	How   string `json:"how,omitempty"` // how to get it
	Needs string `json:"for,omitempty"` // what can't be done without it
}

// buildSpace is how much disk the first build takes, in bytes (README.md).
const buildSpace = 1_300 << 20

// newDoctorCommand is `pymode-tui doctor`.
func newDoctorCommand() *cobra.Command {
	var opts cpython.Options
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is missing on this machine, and how to get it",
		Long: "Look for what the console needs, and for what only some things need: packages\n" +
			"with C or Rust, comparing revisions, editing. Nothing is changed or fetched.\n" +
			"Exits with 3 where something needed is missing.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			findings := examine(cmd.Context(), opts)
			if err := printFindings(cmd.OutOrStdout(), findings, asJSON); err != nil {
				return err
			}
			for _, f := range findings {
				if f.State == stateMissing {
					return statusError(exitMachine)
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&opts.CacheDir, "cache", "", "`folder` of the cache (default: pymode-tui in the user's cache folder)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// examine looks at the machine.
func examine(ctx context.Context, opts cpython.Options) []finding {
	built, isBuilt := cpython.Lookup(opts)
	var findings []finding
	for _, r := range cpython.Requirements(ctx, opts) {
		f := finding{Name: r.Name, State: stateOK, Text: r.Found}
		if r.Err != nil {
			f.State, f.Needs, f.Text, f.How = stateMissing, "building the runtime", r.Err.Error(), hint(r.Err)
			var tool *cpython.MissingToolError
			if errors.As(r.Err, &tool) {
				f.Text = "there is no " + strings.TrimPrefix(strings.TrimPrefix(tool.Tool, "a "), "an ")
			}
			if isBuilt { // then only packages are built with it
				f.State, f.Needs = stateOptional, "packages with C in them"
			}
		}
		findings = append(findings, f)
	}
	state := finding{Name: "runtime", State: stateOK, Text: "not built yet: the first start builds it, in some minutes"}
	if isBuilt {
		state.Text = "CPython " + built.Info.Python + ", in " + shortDir(built.Dir)
	}
	findings = append(findings, state, cacheFinding(opts, isBuilt))
	findings = append(findings, toolFinding("git", "git", "replay --against a revision", "install git"))
	return append(findings, rustFinding(ctx), editorFinding(), colourFinding())
}

// cacheFinding looks at the cache's folder: whether it can be written, and the disk.
func cacheFinding(opts cpython.Options, isBuilt bool) finding {
	f := finding{Name: "cache", Needs: "everything"}
	dir := opts.CacheDir
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			f.State, f.Text, f.How = stateMissing, err.Error(), "name a folder with --cache"
			return f
		}
		dir = filepath.Join(base, "pymode-tui")
	}
	there := dir // or the nearest folder above that is there
	for there != filepath.Dir(there) {
		if info, err := os.Stat(there); err == nil && info.IsDir() {
			break
		}
		there = filepath.Dir(there)
	}
	probe, err := os.CreateTemp(there, ".pymode-tui-doctor-*")
	if err != nil {
		f.State, f.Text, f.How = stateMissing, "can't be written: "+shortDir(there), "name another folder with --cache"
		return f
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	f.State, f.Needs, f.Text = stateOK, "", shortDir(dir)
	usage, err := disk.Usage(there)
	if err != nil {
		return f
	}
	f.Text += ", " + cpython.FormatBytes(int64(min(usage.Free, 1<<62))) + " free"
	if !isBuilt && usage.Free < buildSpace {
		f.State, f.Needs, f.How = stateMissing, "building the runtime", "free "+cpython.FormatBytes(buildSpace)+", or name another folder with --cache"
	}
	return f
}

// toolFinding looks for a program that only some things need.
func toolFinding(name, tool, needs, how string) finding {
	path, err := exec.LookPath(tool)
	if err != nil {
		return finding{Name: name, State: stateOptional, Text: "there is no " + tool, Needs: needs, How: how}
	}
	return finding{Name: name, State: stateOK, Text: path}
}

// rustFinding looks for a compiler for Rust, and whether that can compile for workers.
func rustFinding(ctx context.Context) finding {
	f := finding{Name: "Rust", State: stateOK}
	version, err := packages.LookRust(ctx)
	if err == nil {
		f.Text = "rustc " + version + ", with " + packages.RustTarget
		return f
	}
	f.State, f.Text, f.Needs, f.How = stateOptional, err.Error(), "packages with Rust in them", packages.RustAdvice
	return f
}

// editorFinding looks for the editor that the keys e, n and E open.
func editorFinding() finding {
	const needs, how = "e, n and E in the console", "set EDITOR"
	if words := strings.Fields(os.Getenv("EDITOR")); len(words) > 0 {
		if _, err := exec.LookPath(words[0]); err != nil {
			return finding{Name: "editor", State: stateOptional, Text: "$EDITOR is " + oneLine(words[0]) + ", which is not there", Needs: needs, How: how}
		}
		return finding{Name: "editor", State: stateOK, Text: oneLine(os.Getenv("EDITOR")) + ", of $EDITOR"}
	}
	if path, err := exec.LookPath("nano"); err == nil { // what is opened where EDITOR says nothing
		return finding{Name: "editor", State: stateOK, Text: path + "; EDITOR names another"}
	}
	return finding{Name: "editor", State: stateOptional, Text: "EDITOR is not set, and there is no nano", Needs: needs, How: how}
}

// colourFinding says what colours the console would use.
func colourFinding() finding {
	f := finding{Name: "colours", State: stateOK}
	switch profile := colorprofile.Detect(os.Stdout, os.Environ()); {
	case os.Getenv("NO_COLOR") != "":
		f.Text = "none: NO_COLOR is set"
	case profile <= colorprofile.Ascii:
		f.Text = "none: stdout is no terminal, or TERM says so"
	default:
		f.Text = "the terminal's own 16 (it has " + profile.String() + ")"
	}
	return f
}

// printFindings prints a line for each, and below it what to do.
func printFindings(out io.Writer, findings []finding, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(map[string]any{"checks": findings})
	}
	var b strings.Builder
	missing := 0
	for _, f := range findings {
		fmt.Fprintf(&b, "%-9s %-14s %s\n", f.State, f.Name, oneLine(f.Text))
		if f.State != stateOK {
			fmt.Fprintf(&b, "%-24s needed for %s; %s\n", "", f.Needs, oneLine(f.How))
		}
		if f.State == stateMissing {
			missing++
		}
	}
	if missing > 0 {
		fmt.Fprintf(&b, "\n%d missing\n", missing)
	} else {
		b.WriteString("\nnothing needed is missing\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}
