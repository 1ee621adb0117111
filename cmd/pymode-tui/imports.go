package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"pymode-tui/runtime"

	"github.com/spf13/cobra"
)

// importsReport is what imports --json prints; its shape is a contract.
type importsReport struct {
	CPU     int64            `json:"cpu_us"`       // of the import as a whole
	Limit   int64            `json:"cpu_limit_us"` // what the platform gives it
	Imports []runtime.Import `json:"imports"`      // the most expensive first
}

// newImportsCommand is `pymode-tui imports DIR`.
func newImportsCommand() *cobra.Command {
	flags := workerFlags{wholeImport: true}
	cmd := &cobra.Command{
		Use:   "imports DIR",
		Short: "Show what each module costs that a worker imports",
		Long: "Import a worker and show the CPU time and the memory of each module that was\n" +
			"not imported before, the most expensive first: itself, and with the modules\n" +
			"that it imports. Memory is by how much the interpreter's memory grew, which\n" +
			"it does in large steps; objects are blocks of at most 512 bytes. Python's own\n" +
			"modules that every worker has from the start cost nothing and are not listed.\n" +
			"Exits with 1 where the import fails.",
		Args: exactArgs(1, "DIR"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			w, err := openLoneWorker(cmd, args[0], &flags)
			if err != nil {
				return err
			}
			state, imports := w.State(), w.Imports()
			if err := w.close(cmd.Context()); err != nil {
				return err
			}
			report := importsReport{CPU: state.CPU, Limit: runtime.PlatformImportLimit.Microseconds(), Imports: imports}
			if report.Imports == nil {
				report.Imports = []runtime.Import{}
			}
			if err := report.print(cmd.OutOrStdout(), flags.json); err != nil {
				return err
			}
			if report.CPU > report.Limit*8/10 {
				fmt.Fprintf(cmd.ErrOrStderr(), "warning: the import used %d ms of CPU time: the platform gives %d ms at start-up\n",
					report.CPU/1000, report.Limit/1000)
			}
			if state.Error != nil {
				return fmt.Errorf("the import failed: %w", state.Error)
			}
			return nil
		},
	}
	flags.register(cmd)
	return cmd
}

func (r *importsReport) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r)
	}
	ms := func(us int64) float64 { return float64(us) / 1000 }
	var b strings.Builder
	fmt.Fprintf(&b, "%.1f ms of %.0f ms of CPU time, %d modules\n\n", ms(r.CPU), ms(r.Limit), len(r.Imports))
	fmt.Fprintf(&b, "%10s %10s %10s %9s  module\n", "self", "with inner", "memory", "objects")
	for _, i := range r.Imports {
		failed := ""
		if i.Failed {
			failed = "  (failed)"
		}
		fmt.Fprintf(&b, "%7.1f ms %7.1f ms %10s %+9d  %s%s\n", ms(i.Self), ms(i.Cumulative), sizeText(i.Memory), i.Blocks, oneLine(i.Name), failed)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
