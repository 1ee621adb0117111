package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"pymode-tui/gateway"
	"pymode-tui/runtime"

	"github.com/spf13/cobra"
)

// newRequestCommand is `pymode-tui request DIR METHOD PATH`.
func newRequestCommand() *cobra.Command {
	var flags workerFlags
	var headers []string
	var data string
	cmd := &cobra.Command{
		Use:   "request DIR METHOD PATH",
		Short: "Send one request to a worker, without a server",
		Long: "Run one request and print the response as curl -i does. What the worker logs\n" +
			"goes to stderr. Exits with 1 where the worker failed.",
		Example: "  pymode-tui request ./myworker GET '/users?id=7'\n" +
			"  pymode-tui request . POST /orders -H 'content-type: application/json' -d @order.json --json",
		Args: exactArgs(3, "DIR METHOD PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			req, err := newRequest(args[1], args[2], headers, data, cmd.InOrStdin())
			if err != nil {
				return err
			}
			return runRequest(cmd, args[0], req, &flags)
		},
	}
	flags.register(cmd)
	cmd.Flags().StringArrayVarP(&headers, "header", "H", nil, "a header `'name: value'`; may be repeated")
	cmd.Flags().StringVarP(&data, "data", "d", "", "the body; @file reads it from a file, @- from stdin")
	return cmd
}

// newRequest makes a request of what the command line says.
func newRequest(method, path string, headers []string, data string, stdin io.Reader) (*runtime.Request, error) {
	if method == "" || strings.ContainsFunc(method, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, usagef("%q is no HTTP method", method)
	}
	if !strings.HasPrefix(path, "/") {
		return nil, usagef("the path %q does not begin with /", path)
	}
	if strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return nil, usagef("the path %q has a space or a control character: write %%20", path)
	}
	req := &runtime.Request{Method: method, URL: "http://localhost" + path, Headers: []runtime.Header{{"Host", "localhost"}}}
	for _, h := range headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok || strings.TrimSpace(name) != name || name == "" || strings.ContainsAny(value, "\r\n") {
			return nil, usagef("-H %q: want 'name: value'", h)
		}
		req.Headers = append(req.Headers, runtime.Header{name, strings.TrimSpace(value)})
	}
	var err error
	if req.Body, err = readData(data, stdin); err != nil {
		return nil, err
	}
	if len(req.Body) > 0 {
		req.Headers = append(req.Headers, runtime.Header{"Content-Length", fmt.Sprint(len(req.Body))})
	}
	return req, nil
}

func readData(data string, stdin io.Reader) ([]byte, error) {
	name, isFile := strings.CutPrefix(data, "@")
	if !isFile {
		return []byte(data), nil
	}
	source := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, usagef("-d: %w", err)
		}
		defer func() { _ = f.Close() }()
		source = f
	}
	body, err := io.ReadAll(io.LimitReader(source, gateway.MaxBody+1))
	if err != nil {
		return nil, usagef("-d: %w", err)
	}
	if len(body) > gateway.MaxBody {
		return nil, usagef("-d: the body is larger than %d MB", gateway.MaxBody>>20)
	}
	return body, nil
}

func runRequest(cmd *cobra.Command, dir string, req *runtime.Request, flags *workerFlags) (err error) {
	stderr := cmd.ErrOrStderr()
	display := newBuildDisplay(stderr)
	w, err := openWorker(cmd.Context(), dir, flags, display.show, func(e runtime.Event) {
		switch e := e.(type) {
		case runtime.Logged:
			if !flags.json {
				fmt.Fprintf(stderr, "%s: %s\n", e.Log.Level, oneLine(e.Log.Text))
			}
		case runtime.Notice:
			noteTo(stderr)(e.Text)
		}
	})
	display.close()
	if err != nil {
		printBuildOutput(stderr, err)
		return err
	}
	defer func() {
		err = errors.Join(err, w.close(cmd.Context()))
	}()
	result := w.Do(cmd.Context(), req)
	if err := printResult(cmd.OutOrStdout(), w.Masked(result), flags.json); err != nil {
		return err
	}
	if result.Error != nil {
		return statusError(exitFailed)
	}
	return nil
}

// printResult prints a response as curl -i does, or all of the result as JSON.
func printResult(w io.Writer, result *runtime.Result, asJSON bool) error {
	if asJSON {
		b, err := result.MarshalJSON()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s\n", b)
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\n", result.Status, http.StatusText(result.Status))
	for _, h := range result.Headers {
		fmt.Fprintf(&b, "%s: %s\n", h.Name(), h.Value())
	}
	b.WriteString("\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	_, err := w.Write(result.Body)
	return err
}
