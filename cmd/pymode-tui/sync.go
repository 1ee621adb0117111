package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"pymode-tui/packages"
	"pymode-tui/project"
	"pymode-tui/runtime/cpython"

	"github.com/spf13/cobra"
)

// syncFlags are those of the commands that install packages.
type syncFlags struct {
	cacheDir string
	frozen   bool
	upgrade  bool
	offline  bool
	json     bool
	noBuild  bool
	links    []string
	export   string
	sources  string
}

func (f *syncFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.cacheDir, "cache", "", "`folder` of the cache (default: pymode-tui in the user's cache folder)")
	flags.BoolVar(&f.offline, "offline", false, "take everything from the cache")
	flags.BoolVar(&f.noBuild, "no-build", false, "fail where something is to be compiled")
	flags.StringArrayVar(&f.links, "find-links", nil, "`folder or URL` of wheels that --export-wheels wrote; may be given more than once")
	flags.BoolVar(&f.json, "json", false, "print what was done as JSON")
}

// newSyncCommand is `pymode-tui sync DIR`.
func newSyncCommand() *cobra.Command {
	var flags syncFlags
	cmd := &cobra.Command{
		Use:   "sync DIR",
		Short: "Install what the worker depends on",
		Long: "Install [project] dependencies of pyproject.toml into .pymode/site-packages, and\n" +
			"packages of Python alone into .pymode/site-packages.zip too, for deployment.\n" +
			"Extension modules in C, C++ and Rust are built from source for the workers' Python.\n" +
			"What was chosen is kept in pymode.lock; commit it.",
		Example: "  pymode-tui sync ./myworker\n  pymode-tui sync --frozen ./myworker   # in CI: exactly what pymode.lock says",
		Args:    exactArgs(1, "DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSync(cmd, args[0], &flags)
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&flags.frozen, "frozen", false, "fail where pymode.lock does not fit pyproject.toml, and never change it")
	cmd.Flags().StringVar(&flags.export, "export-wheels", "", "write what was built as wheels into the `folder`, for --find-links")
	cmd.Flags().StringVar(&flags.sources, "export-sources", "", "write the source distributions of what is built into the `folder`")
	cmd.Flags().BoolVar(&flags.upgrade, "upgrade", false, "choose the latest versions anew")
	return cmd
}

func runSync(cmd *cobra.Command, dir string, f *syncFlags) error {
	if f.frozen && f.upgrade {
		return usagef("--frozen and --upgrade exclude each other")
	}
	report, err := syncProject(cmd.Context(), dir, f, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	return printSync(cmd.OutOrStdout(), report, f.json)
}

// syncProject installs a project's dependencies, and builds the runtime first
// where it is missing.
func syncProject(ctx context.Context, dir string, f *syncFlags, stderr io.Writer) (*packages.Report, error) {
	p, err := project.Load(dir)
	if err != nil {
		return nil, err
	}
	display := newBuildDisplay(stderr)
	defer display.close()
	found, err := cpython.Build(ctx, cpython.Options{CacheDir: f.cacheDir, Progress: display.show})
	if err != nil {
		display.close()
		printBuildOutput(stderr, err)
		return nil, err
	}
	report, err := packages.Sync(ctx, packages.Options{
		Dependencies:  p.Dependencies,
		Lock:          filepath.Join(p.Dir, packages.LockFile),
		Site:          siteDir(p),
		CacheDir:      f.cacheDir,
		Runtime:       found,
		Frozen:        f.frozen,
		Upgrade:       f.upgrade,
		Offline:       f.offline,
		NoBuild:       f.noBuild,
		FindLinks:     findLinks(p, f.links),
		Export:        f.export,
		ExportSources: f.sources,
		Progress:      display.show,
		Building: func(names []string) {
			display.note("building from source: " + strings.Join(names, "; "))
		},
	})
	if err != nil {
		display.close()
		printPackageOutput(stderr, err)
	}
	return report, err
}

// findLinks are the places of wheels: of the command line first, then the
// project's, whose folders are relative to it.
func findLinks(p *project.Project, flags []string) []string {
	places := slices.Clone(flags)
	for _, place := range p.FindLinks {
		if !strings.Contains(place, "://") && !filepath.IsAbs(place) {
			place = filepath.Join(p.Dir, place)
		}
		places = append(places, place)
	}
	return places
}

// printPackageOutput prints the end of what a package's build said.
func printPackageOutput(w io.Writer, err error) {
	var failed *packages.Error
	if !errors.As(err, &failed) || !errors.Is(err, packages.ErrBuild) {
		return
	}
	const shown = 20
	for _, line := range failed.Tail[max(0, len(failed.Tail)-shown):] {
		fmt.Fprintln(w, "  | "+oneLine(line))
	}
}

func printSync(w io.Writer, report *packages.Report, asJSON bool) error {
	if asJSON {
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		return out.Encode(report)
	}
	if !report.Changed {
		_, err := fmt.Fprintf(w, "%s, nothing to do\n", count(len(report.Packages), "package"))
		return err
	}
	for _, p := range report.Packages {
		line := fmt.Sprintf("%-24s %s", p.Name, p.Version)
		if modules := packages.FormatModules(p.Modules); modules != "" {
			line = fmt.Sprintf("%-38s %s", line, modules)
		}
		fmt.Fprintln(w, line)
	}
	line := count(len(report.Packages), "package") + ", " + cpython.FormatBytes(report.SiteBytes)
	if report.ZipBytes > 0 {
		line += "; site-packages.zip " + cpython.FormatBytes(report.ZipBytes)
	}
	if len(report.Exported) > 0 {
		line += "; " + count(len(report.Exported), "wheel") + " exported"
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
