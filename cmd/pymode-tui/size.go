package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"pymode-tui/bundle"
	"pymode-tui/project"
	"pymode-tui/runtime/cpython"

	"github.com/spf13/cobra"
)

// newSizeCommand is `pymode-tui size DIR`.
func newSizeCommand() *cobra.Command {
	flags := workerFlags{wholeImport: true}
	cmd := &cobra.Command{
		Use:   "size DIR",
		Short: "Show how large a worker is as it would be deployed",
		Long: "Show what would be deployed, compressed, against the platform's 10 MB: the\n" +
			"interpreter, its library, the packages and the sources, the largest files\n" +
			"first, and which modules the import of the worker does not need. Exits with 1\n" +
			"where it is too large.",
		Args: exactArgs(1, "DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			report, note, err := measureBundle(cmd, args[0], &flags)
			if err != nil {
				return err
			}
			if note != "" {
				fmt.Fprintln(cmd.ErrOrStderr(), "note: "+oneLine(note))
			}
			if err := printSize(cmd.OutOrStdout(), report, flags.json); err != nil {
				return err
			}
			if report.Warning != "" {
				fmt.Fprintln(cmd.ErrOrStderr(), "warning: "+report.Warning)
			}
			if report.Compressed > report.Limit {
				return statusError(exitFailed)
			}
			return nil
		},
	}
	flags.register(cmd)
	return cmd
}

// measureBundle measures the project in dir. The note says what is not known of
// it, "" where all is.
func measureBundle(cmd *cobra.Command, dir string, flags *workerFlags) (report *bundle.Report, note string, err error) {
	w, err := openLoneWorker(cmd, dir, flags)
	if err != nil {
		return nil, "", err
	}
	var imported []string
	for _, i := range w.Imports() {
		imported = append(imported, i.File)
	}
	if f := w.State().Error; f != nil {
		note = "the import failed, so what comes after counts as not imported: " + f.Message
	}
	if err := w.close(cmd.Context()); err != nil {
		return nil, "", err
	}
	p, err := project.Load(dir)
	if err != nil {
		return nil, "", err
	}
	sources, err := p.Sources()
	if err != nil {
		return nil, "", err
	}
	built, err := cpython.Build(cmd.Context(), cpython.Options{CacheDir: flags.cacheDir})
	if err != nil {
		return nil, "", err
	}
	wasm, what := interpreter(built, flags)
	entries, err := bundle.Contents{Wasm: wasm, Stdlib: built.Stdlib, Dynload: built.Dynload, Dir: p.Dir, Sources: sources}.Entries()
	if err != nil {
		return nil, "", err
	}
	if report, err = bundle.Measure(cmd.Context(), entries); err != nil {
		return nil, "", err
	}
	report.Mark(imported)
	report.Interpreter = what
	return report, note, nil
}

// interpreter is the python.wasm that is counted, and which one that is.
func interpreter(built *cpython.Runtime, flags *workerFlags) (path, what string) {
	switch {
	case flags.binary != "":
		return flags.binary, "given"
	case built.Asyncified != "":
		return built.Asyncified, "deployable"
	default:
		return built.Wasm, "plain"
	}
}

// openLoneWorker is openWorker for a command that shows nothing of what the
// worker does, but the progress of the runtime's build.
func openLoneWorker(cmd *cobra.Command, dir string, flags *workerFlags) (*loneWorker, error) {
	display := newBuildDisplay(cmd.ErrOrStderr())
	w, err := openWorker(cmd.Context(), dir, flags, display.show, nil)
	display.close()
	if err != nil {
		printBuildOutput(cmd.ErrOrStderr(), err)
	}
	return w, err
}

// shownRows is how many rows of a list are printed without --json.
const shownRows = 15

func printSize(w io.Writer, r *bundle.Report, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s compressed, %.0f %% (%s uncompressed)\n\n", sizeText(r.Compressed), sizeText(r.Limit),
		100*float64(r.Compressed)/float64(r.Limit), sizeText(r.Bytes))
	if r.Interpreter == "plain" {
		b.WriteString("python.wasm is the plain one, about as large as what a host without blocking calls\nneeds: `pymode-tui runtime build --asyncify` makes that, and it is counted then\n\n")
	}
	for _, p := range r.Parts {
		fmt.Fprintf(&b, "%10s  %-18s %6d %-5s  %s uncompressed\n", sizeText(p.Compressed), p.Kind, p.Files, map[bool]string{true: "file", false: "files"}[p.Files == 1], sizeText(p.Bytes))
	}
	b.WriteString("\nthe largest files:\n")
	for _, f := range r.Files[:min(len(r.Files), shownRows)] {
		fmt.Fprintf(&b, "%10s  %s\n", sizeText(f.Compressed), oneLine(f.Name))
	}
	printMore(&b, len(r.Files))
	if len(r.Unused) > 0 {
		b.WriteString("\nnot imported by the worker's import:\n")
		for _, u := range r.Unused[:min(len(r.Unused), shownRows)] {
			fmt.Fprintf(&b, "%10s  %s", sizeText(u.Compressed), oneLine(u.Name))
			if u.Of > 1 {
				fmt.Fprintf(&b, ": %d of %d modules", u.Modules, u.Of)
			}
			b.WriteString("\n")
		}
		printMore(&b, len(r.Unused))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func printMore(b *strings.Builder, rows int) {
	if rows > shownRows {
		fmt.Fprintf(b, "%10s  and %d more: --json lists all\n", "", rows-shownRows)
	}
}

// sizeText writes a size in bytes: "412 B", "1.2 kB", "2.45 MB".
func sizeText(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f kB", float64(n)/(1<<10))
	default:
		return fmt.Sprintf("%.2f MB", float64(n)/(1<<20))
	}
}
