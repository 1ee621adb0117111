package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"pymode-tui/project"
	"pymode-tui/traffic"

	"github.com/spf13/cobra"
)

// exportFlags are those of `pymode-tui export` alone.
type exportFlags struct {
	workerFlags
	saved  bool
	filter string
}

// newExportCommand is `pymode-tui export DIR FILE`.
func newExportCommand() *cobra.Command {
	var flags exportFlags
	cmd := &cobra.Command{
		Use:   "export DIR FILE",
		Short: "Write captured or saved requests as HAR, .http or curl",
		Long: "Write what was captured, or with --saved the requests of the project's requests\n" +
			"folder, for other tools. The file's name says how: .har has the answers as well,\n" +
			".http and .rest are for editors, and .curl has a command a request. Secrets are\n" +
			"written by their names.",
		Example: "  pymode-tui export ./myworker traffic.har --filter 'status:5xx'\n" +
			"  pymode-tui export ./myworker orders.http --saved --filter 'path:/orders/*'",
		Args: exactArgs(2, "DIR FILE"),
		RunE: func(cmd *cobra.Command, args []string) error { return runExport(cmd, args[0], args[1], &flags) },
	}
	f := cmd.Flags()
	f.BoolVar(&flags.saved, "saved", false, "the saved requests in place of the captured ones")
	f.StringVar(&flags.filter, "filter", "", "`words` that all must fit, as for replay")
	f.StringVar(&flags.stateDir, "state", "", "`folder` of captured requests (default: .pymode in the project)")
	return cmd
}

func runExport(cmd *cobra.Command, dir, file string, flags *exportFlags) error {
	encode, err := exporter(file)
	if err != nil {
		return err
	}
	filter, err := traffic.ParseFilter(flags.filter)
	if err != nil {
		return usagef("%w", err)
	}
	p, err := project.Load(dir)
	if err != nil {
		return err
	}
	var requests []*savedRequest
	if flags.saved {
		requests, err = savedRequests(p, nil, "", noteTo(cmd.ErrOrStderr()))
	} else {
		requests, err = capturedRequests(p, &flags.workerFlags, filter)
	}
	if err != nil {
		return err
	}
	requests = slices.DeleteFunc(requests, func(r *savedRequest) bool { return !filter.Match(r.exchange) })
	if len(requests) == 0 {
		return usagef("there is nothing to export: no request fits")
	}
	mask := masker(p)
	exchanges := make([]*traffic.Exchange, len(requests))
	for n, r := range requests {
		exchanges[n] = mask.Exchange(r.exchange) // files of other tools may have secrets
	}
	text, err := encode(exchanges)
	if err != nil {
		return err
	}
	if err := traffic.WriteFile(file, text); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	noun := "requests"
	if len(exchanges) == 1 {
		noun = "request"
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d %s written to %s\n", len(exchanges), noun, oneLine(file))
	return err
}

// exporter is how a file of that name is written.
func exporter(file string) (func([]*traffic.Exchange) ([]byte, error), error) {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".har":
		return func(exchanges []*traffic.Exchange) ([]byte, error) {
			var b bytes.Buffer
			err := traffic.WriteHAR(&b, exchanges, nil)
			return b.Bytes(), err
		}, nil
	case ".http", ".rest":
		return func(exchanges []*traffic.Exchange) ([]byte, error) {
			var b bytes.Buffer
			err := traffic.WriteHTTPFile(&b, exchanges)
			return b.Bytes(), err
		}, nil
	case ".curl":
		return func(exchanges []*traffic.Exchange) ([]byte, error) {
			var b bytes.Buffer
			for _, e := range exchanges {
				b.WriteString(traffic.WriteCurl(e) + "\n")
			}
			return b.Bytes(), nil
		}, nil
	}
	return nil, usagef("%s: want a file that ends in .har, .http, .rest or .curl", file)
}
