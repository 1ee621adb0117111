package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"pymode-tui/packages"
	"pymode-tui/project"

	"github.com/spf13/cobra"
)

// newAddCommand is `pymode-tui add DIR PACKAGE...`.
func newAddCommand() *cobra.Command {
	var flags syncFlags
	cmd := &cobra.Command{
		Use:   "add DIR PACKAGE...",
		Short: "Add packages to what the worker depends on, and install them",
		Long: "Write requirements into [project] dependencies of pyproject.toml, leaving all else\n" +
			"in it as it is, and install them. Where that fails the file is what it was.",
		Example: "  pymode-tui add ./myworker jinja2\n  pymode-tui add ./myworker 'msgpack>=1.1'",
		Args:    atLeastArgs(2, "DIR PACKAGE..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			return editAndSync(cmd, args[0], &flags, func(text []byte, name string) ([]byte, error) {
				for _, requirement := range args[1:] {
					var err error
					if text, err = packages.AddDependency(text, requirement, name); err != nil {
						return nil, err
					}
				}
				return text, nil
			})
		},
	}
	flags.register(cmd)
	return cmd
}

// editAndSync changes a project's pyproject.toml and installs what it says then.
// Where that fails the file is put back.
func editAndSync(cmd *cobra.Command, dir string, f *syncFlags, edit func(text []byte, name string) ([]byte, error)) error {
	p, err := project.Load(dir)
	if err != nil {
		return err
	}
	path := filepath.Join(p.Dir, "pyproject.toml")
	before, err := os.ReadFile(path)
	created := errors.Is(err, fs.ErrNotExist)
	if err != nil && !created {
		return err
	}
	after, err := edit(before, p.Name)
	if err != nil {
		return err
	}
	if err := packages.WriteFile(path, after); err != nil {
		return err
	}
	if err := runSync(cmd, dir, f); err != nil {
		if created {
			return errors.Join(err, os.Remove(path))
		}
		return errors.Join(err, packages.WriteFile(path, before))
	}
	return nil
}

// atLeastArgs is cobra's check of the number of arguments, as a usage error.
func atLeastArgs(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < n {
			return usagef("%d arguments given, want %s", len(args), what)
		}
		return nil
	}
}
