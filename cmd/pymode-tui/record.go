package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"time"

	"pymode-tui/gateway"
	"pymode-tui/project"
	"pymode-tui/traffic"

	"github.com/spf13/cobra"
)

// captureFlags are those of `pymode-tui capture` alone.
type captureFlags struct {
	workerFlags
	proxy string
}

// newCaptureCommand is `pymode-tui capture DIR --proxy URL`.
func newCaptureCommand() *cobra.Command {
	var flags captureFlags
	cmd := &cobra.Command{
		Use:   "capture DIR --proxy URL",
		Short: "Record traffic to a real deployment",
		Long: "Listen here, pass requests on to a deployment, and keep them with its answers in the\n" +
			"project's .pymode/traffic. A replay then compares the worker with what production said.",
		Example: "  pymode-tui capture ./myworker --proxy https://shop.example.com\n" +
			"  pymode-tui replay ./myworker --captured --filter source:proxy",
		Args: exactArgs(1, "DIR"),
		RunE: func(cmd *cobra.Command, args []string) error { return runCapture(cmd, args[0], &flags) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.proxy, "proxy", "", "`URL` of the deployment, with its scheme")
	flags.registerAddr(cmd)
	f.StringVar(&flags.stateDir, "state", "", "`folder` of captured requests (default: .pymode in the project)")
	f.BoolVar(&flags.json, "json", false, "print JSON")
	return cmd
}

// deploymentURL reads --proxy.
func deploymentURL(text string) (*url.URL, error) {
	if text == "" {
		return nil, usagef("no deployment to record: want --proxy https://host")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, usagef("--proxy: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, usagef("--proxy %q: want a URL with its scheme, such as https://shop.example.com", text)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return nil, usagef("--proxy %q: want a scheme and a host alone, since paths are those of the requests", text)
	}
	return u, nil
}

func runCapture(cmd *cobra.Command, dir string, flags *captureFlags) (err error) {
	target, err := deploymentURL(flags.proxy)
	if err != nil {
		return err
	}
	p, err := project.Load(dir)
	if err != nil {
		return err
	}
	d := &deployment{
		target: target, project: p, mask: masker(p),
		report: &captureReport{out: cmd.OutOrStdout(), json: flags.json},
		capture: traffic.NewCapture(func() (*traffic.Store, error) {
			return traffic.Open(trafficDir(p, &flags.workerFlags), captureLimits(p))
		}, noteTo(cmd.ErrOrStderr())),
	}
	defer func() { err = errors.Join(err, d.capture.Close()) }()
	g, err := gateway.Listen(gateway.Config{Addr: flags.listenAddr(), Hosts: flags.hosts}, d)
	if err != nil {
		return err
	}
	d.report.listening(g.URL(), target.String())
	<-cmd.Context().Done()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), 2*time.Second)
	defer cancel()
	return g.Close(ctx)
}

// captureReport prints a line a request. Requests come on goroutines of their own.
type captureReport struct {
	mu   sync.Mutex
	out  io.Writer
	json bool
}

func (c *captureReport) print(text string, object map[string]any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.json {
		line, _ := json.Marshal(object) // of strings and numbers
		text = string(line)
	} else {
		text = oneLine(text)
	}
	fmt.Fprintln(c.out, text)
}

func (c *captureReport) listening(here, target string) {
	c.print(fmt.Sprintf("listening on %s, recording %s", here, target),
		map[string]any{"event": "listening", "url": here, "target": target})
}

func (c *captureReport) answered(e *traffic.Exchange) {
	took := time.Duration(e.Result.Metrics.Wall) * time.Microsecond
	c.print(fmt.Sprintf("%d %s %s  %v, %d bytes", e.Result.Status, e.Request.Method, pathOf(e), took.Round(time.Millisecond), len(e.Result.Body)),
		map[string]any{
			"event": "captured", "method": e.Request.Method, "path": pathOf(e), "status": e.Result.Status,
			"wall_us": e.Result.Metrics.Wall, "bytes": len(e.Result.Body),
		})
}

func (c *captureReport) failed(e *traffic.Exchange, err error) {
	c.print(fmt.Sprintf("502 %s %s  %v", e.Request.Method, pathOf(e), err),
		map[string]any{"event": "failed", "method": e.Request.Method, "path": pathOf(e), "error": err.Error()})
}

// pathOf is where an exchange's request goes, without what may be secret.
func pathOf(e *traffic.Exchange) string {
	rest := strings.TrimPrefix(e.Request.URL, origin(e.Request.URL))
	rest, _, _ = strings.Cut(rest, "?")
	return rest
}
