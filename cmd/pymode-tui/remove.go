package main

import (
	"pymode-tui/packages"

	"github.com/spf13/cobra"
)

// newRemoveCommand is `pymode-tui remove DIR PACKAGE...`.
func newRemoveCommand() *cobra.Command {
	var flags syncFlags
	cmd := &cobra.Command{
		Use:     "remove DIR PACKAGE...",
		Short:   "Remove packages from what the worker depends on",
		Long:    "Take packages out of [project] dependencies of pyproject.toml, and out of\nsite-packages with all that only they needed.",
		Example: "  pymode-tui remove ./myworker jinja2",
		Args:    atLeastArgs(2, "DIR PACKAGE..."),
		RunE: func(cmd *cobra.Command, args []string) error {
			return editAndSync(cmd, args[0], &flags, func(text []byte, _ string) ([]byte, error) {
				for _, name := range args[1:] {
					out, found, err := packages.RemoveDependency(text, name)
					if err != nil {
						return nil, err
					}
					if !found {
						return nil, usagef("%s is not in the dependencies of pyproject.toml", name)
					}
					text = out
				}
				return text, nil
			})
		},
	}
	flags.register(cmd)
	return cmd
}
