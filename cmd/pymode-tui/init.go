package main

import (
	"bufio"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"pymode-tui/project"

	"github.com/spf13/cobra"
)

// templateFiles are the workers that `init` makes, a folder each. NAME in their
// pyproject.toml becomes the worker's, and gitignore is .gitignore.
//
//go:embed templates
var templateFiles embed.FS

// template is a worker to start from.
type template struct{ name, about string }

// templates lists them, the first one being what is made if none is named.
func templates() []template {
	return []template{
		{"hello", "JSON, and a variable of the config"},
		{"counter", "a number for each path, in KV"},
		{"todo", "a list in D1, with a migration"},
	}
}

// newInitCommand is `pymode-tui init DIR`.
func newInitCommand() *cobra.Command {
	var name string
	about := "Make a new worker in a directory, which may exist. No file is ever overwritten.\n\nTemplates:\n"
	for _, t := range templates() {
		about += fmt.Sprintf("  %-8s %s\n", t.name, t.about)
	}
	cmd := &cobra.Command{
		Use:     "init DIR",
		Short:   "Make a new worker from a template",
		Long:    strings.TrimSpace(about),
		Example: "  pymode-tui init ./myworker\n  pymode-tui init --template counter ./visits",
		Args:    exactArgs(1, "DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return makeWorker(cmd.OutOrStdout(), args[0], name)
		},
	}
	cmd.Flags().StringVarP(&name, "template", "t", templates()[0].name, "the `name` of the template")
	return cmd
}

// makeWorker makes a worker in dir and says what it made. Where a file of it is there
// already, nothing is made.
func makeWorker(out io.Writer, dir, name string) error {
	var names []string
	for _, t := range templates() {
		names = append(names, t.name)
	}
	if !slices.Contains(names, name) {
		return usagef("there is no template %q: want %s", name, strings.Join(names, ", "))
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	files, err := templateOf(name, workerName(filepath.Base(abs)))
	if err != nil {
		return err
	}
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(dir, f.path)); err == nil {
			return usagef("%s is there already, and nothing is overwritten", filepath.Join(dir, f.path))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, f := range files {
		target := filepath.Join(dir, f.path)
		if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
			return err
		}
		if err := writeNew(target, f.text); err != nil {
			return err
		}
		fmt.Fprintln(out, oneLine(target))
	}
	fmt.Fprintf(out, "\nrun it with: pymode-tui %s\n", oneLine(dir))
	return nil
}

// newFile is a file of a worker to be made.
type newFile struct {
	path string // relative, in the system's form
	text []byte
}

// templateOf reads a template for a worker of a name.
func templateOf(template, worker string) (files []newFile, err error) {
	root := path.Join("templates", template)
	err = fs.WalkDir(templateFiles, root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := templateFiles.ReadFile(file)
		if err != nil {
			return err
		}
		switch base := path.Base(file); base {
		case "pyproject.toml":
			text = []byte(strings.ReplaceAll(string(text), "NAME", worker))
		case "gitignore":
			file = path.Join(path.Dir(file), ".gitignore")
		}
		files = append(files, newFile{filepath.FromSlash(strings.TrimPrefix(file, root+"/")), text})
		return nil
	})
	return files, err
}

// workerName makes a directory's name one that pyproject.toml takes: ASCII letters,
// digits and single hyphens.
func workerName(dir string) string {
	words := strings.FieldsFunc(strings.ToLower(dir), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	if len(words) == 0 {
		return "worker"
	}
	return strings.Join(words, "-")
}

// writeNew writes a file that must not be there yet.
func writeNew(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// offerWorker asks whether a worker shall be made where a console found none. It
// returns whether one was made; err is what the console found.
func offerWorker(in io.Reader, out io.Writer, dir string, err error) (bool, error) {
	if !errors.Is(err, project.ErrNoWorker) {
		return false, err
	}
	fmt.Fprintf(out, "There is no worker in %s. Make one?\n\n", oneLine(dir))
	for i, t := range templates() {
		fmt.Fprintf(out, "  %d  %-8s %s\n", i+1, t.name, t.about)
	}
	fmt.Fprint(out, "\nnumber, or enter for none: ")
	answer, _ := bufio.NewReader(in).ReadString('\n')
	answer = strings.TrimSpace(answer)
	for i, t := range templates() {
		if answer == fmt.Sprint(i+1) || answer == t.name {
			return true, makeWorker(out, dir, t.name)
		}
	}
	return false, err
}
