package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"pymode-tui/runtime/cpython"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"
)

// errNotBuilt is what `runtime info` ends with where there is no runtime.
var errNotBuilt = errors.New("the runtime is not built")

// newRuntimeCommand is `pymode-tui runtime build|info|clean`: the CPython build
// and its cache.
func newRuntimeCommand() *cobra.Command {
	var opts cpython.Options
	cmd := &cobra.Command{
		Use:   "runtime",
		Short: "Build CPython for the workers, and look after its cache",
		Args:  cobra.NoArgs,
	}
	cmd.PersistentFlags().StringVar(&opts.CacheDir, "cache", "", "`folder` of the cache (default: pymode-tui in the user's cache folder)")
	cmd.AddCommand(newRuntimeBuildCommand(&opts), newRuntimeInfoCommand(&opts), newRuntimeCleanCommand(&opts))
	return cmd
}

func newRuntimeBuildCommand(opts *cpython.Options) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Build the runtime from source, unless it is built already",
		Long: "Build CPython and its standard library for WebAssembly, unless that is done already.\n" +
			"It takes some minutes and needs a C compiler, make and Python 3 with pip. An\n" +
			"interrupted build goes on where it stopped.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			display := newBuildDisplay(cmd.ErrOrStderr())
			build := *opts
			build.Progress = display.show
			found, err := cpython.Build(cmd.Context(), build)
			display.close()
			if err != nil {
				printBuildOutput(cmd.ErrOrStderr(), err)
				return err
			}
			return printRuntime(cmd.OutOrStdout(), found, asJSON)
		},
	}
	cmd.Flags().StringVar(&opts.Source, "source", "", "the Python source archive, or a `path` of a folder with all source archives (default: $PYMODE_PYTHON_SOURCE)")
	cmd.Flags().IntVarP(&opts.Jobs, "jobs", "j", 0, "how many compilers run at once (default: one a CPU)")
	cmd.Flags().BoolVar(&opts.TestSuite, "testsuite", false, "add CPython's own tests: pymode-tui python -m test")
	cmd.Flags().BoolVar(&opts.Asyncify, "asyncify", false, "make the deployable python.wasm too: a host that can't block can suspend it")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

func newRuntimeInfoCommand(opts *cpython.Options) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info",
		Short: "Say what is built: versions, sizes, where, how long it took",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, ok := cpython.Lookup(*opts)
			if !ok {
				return fmt.Errorf("%w: run `pymode-tui runtime build`", errNotBuilt)
			}
			return printRuntime(cmd.OutOrStdout(), found, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return cmd
}

func newRuntimeCleanCommand(opts *cpython.Options) *cobra.Command {
	var keepDownloads bool
	cmd := &cobra.Command{
		Use:   "clean",
		Short: "Remove the runtime and all that was needed to build it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			display := newBuildDisplay(cmd.ErrOrStderr())
			clean := *opts
			clean.Progress = display.show
			freed, err := cpython.Clean(cmd.Context(), clean, keepDownloads)
			display.close()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "freed %s\n", cpython.FormatBytes(freed))
			return err
		},
	}
	cmd.Flags().BoolVar(&keepDownloads, "keep-downloads", false, "keep the sources and zig, so that the next build needs no network")
	return cmd
}

// runtimeReport is what `runtime info --json` prints.
type runtimeReport struct {
	Digest    string `json:"digest"`
	Dir       string `json:"dir"`
	TestSuite string `json:"testsuite,omitempty"`

	Deployable     string            `json:"deployable,omitempty"`
	DeployableSize *cpython.FileInfo `json:"deployable_wasm,omitempty"`
	cpython.Info
}

func printRuntime(w io.Writer, found *cpython.Runtime, asJSON bool) error {
	if asJSON {
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		report := runtimeReport{Digest: found.Digest, Dir: found.Dir, TestSuite: found.TestSuite, Info: found.Info}
		if found.Asyncified != "" {
			report.Deployable, report.DeployableSize = found.Asyncified, &found.AsyncifiedInfo
		}
		return out.Encode(report)
	}
	var b strings.Builder
	info := found.Info
	size := func(name string, f cpython.FileInfo) {
		fmt.Fprintf(&b, "%-14s %8s   %8s with gzip -9\n", name, cpython.FormatBytes(f.Raw), cpython.FormatBytes(f.Gzip))
	}
	fmt.Fprintf(&b, "CPython %s, zlib %s, compiled by zig %s\n\n", info.Python, info.Zlib, info.Zig)
	size("python.wasm", info.Wasm)
	size("python313.zip", info.Stdlib)
	var modules cpython.FileInfo // together
	for _, m := range info.Dynload {
		modules.Raw += m.Raw
		modules.Gzip += m.Gzip
	}
	size("lib-dynload", modules)
	fmt.Fprintf(&b, "%-14s %8s   for readable traps, not deployed\n\n", "python.names", cpython.FormatBytes(info.Names.Raw))
	if found.Asyncified != "" {
		size("deployable", found.AsyncifiedInfo)
		fmt.Fprintf(&b, "%-14s %s\n\n", "", found.Asyncified)
	}
	fmt.Fprintf(&b, "digest   %s\n", found.Digest)
	fmt.Fprintf(&b, "in       %s\n", found.Dir)
	if found.TestSuite != "" {
		fmt.Fprintf(&b, "tests    %s\n", found.TestSuite)
	}
	fmt.Fprintf(&b, "built    %s\n\n", info.Built.Local().Format(time.DateTime))
	for _, s := range info.Steps {
		fmt.Fprintf(&b, "%7.1f s  %s\n", s.Seconds, s.Title)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printBuildOutput prints the end of what a failed step said. What it means
// and where the rest is is up to whoever prints the error.
func printBuildOutput(w io.Writer, err error) {
	var failed *cpython.StepError
	if !errors.As(err, &failed) {
		return
	}
	for _, line := range failed.Tail {
		fmt.Fprintln(w, "  | "+ansi.Strip(line))
	}
}

// buildDisplay shows a build's progress: as one line that changes, on a
// terminal, and elsewhere as a line for each step.
type buildDisplay struct {
	out    io.Writer
	width  func() int // columns; 0 where it is no terminal
	step   string
	drawn  bool
	drawAt time.Time
}

func newBuildDisplay(out io.Writer) *buildDisplay {
	d := &buildDisplay{out: out, width: func() int { return 0 }}
	if f, ok := out.(*os.File); ok && term.IsTerminal(f.Fd()) {
		d.width = func() int {
			width, _, err := term.GetSize(f.Fd())
			if err != nil || width <= 0 {
				return 80
			}
			return width
		}
	}
	return d
}

func (d *buildDisplay) show(p cpython.Progress) {
	width := d.width()
	if width == 0 {
		if p.Step != d.step {
			d.step = p.Step
			fmt.Fprintln(d.out, progressText(p, false))
		}
		return
	}
	// A compiler prints more often than anyone can read.
	if now := time.Now(); p.Step != d.step || now.Sub(d.drawAt) >= 50*time.Millisecond {
		d.step, d.drawAt, d.drawn = p.Step, now, true
		fmt.Fprint(d.out, "\r\x1b[K"+ansi.Truncate(progressText(p, true), width-1, "…"))
	}
}

// note prints a line that stays.
func (d *buildDisplay) note(text string) {
	d.close()
	fmt.Fprintln(d.out, ansi.Strip(text))
}

// close removes the line.
func (d *buildDisplay) close() {
	if d.drawn {
		fmt.Fprint(d.out, "\r\x1b[K")
		d.drawn = false
	}
}

func progressText(p cpython.Progress, withLine bool) string {
	text := fmt.Sprintf("%3.0f%%  %d/%d %s", p.Percent, p.Number, p.Steps, p.Step)
	if p.Remaining > 0 {
		text += fmt.Sprintf(", about %s left", p.Remaining.Round(time.Second))
	}
	if withLine && p.Line != "" {
		text += "  " + strings.Join(strings.Fields(ansi.Strip(p.Line)), " ")
	}
	return text
}
