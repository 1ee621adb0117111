package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"

	"pymode-tui/events"
	"pymode-tui/runtime"
	"pymode-tui/traffic"
	"pymode-tui/tui"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"
)

// subscription is how many events may wait for the screen or for stdout.
const subscription = 16_384

// gcPercent is by how many percent the heap grows between two collections. A console
// that is full holds 128 MB of bodies and lines; with Go's 100 it took 440 MB for that,
// with this 340, and the same CPU time.
const gcPercent = 40

// runConsole is pymode-tui without a subcommand.
func runConsole(cmd *cobra.Command, dirs []string, flags *workerFlags, headless bool) error {
	if len(dirs) == 0 {
		dirs = []string{"."}
	}
	if !term.IsTerminal(os.Stdout.Fd()) || !term.IsTerminal(os.Stdin.Fd()) || os.Getenv("TERM") == "dumb" {
		headless = true
	}
	s, err := newSession(dirs, flags)
	if err != nil && !headless && len(dirs) == 1 {
		var made bool
		if made, err = offerWorker(cmd.InOrStdin(), cmd.ErrOrStderr(), dirs[0], err); made && err == nil {
			s, err = newSession(dirs, flags)
		}
	}
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	sub := s.stream.Subscribe(subscription)

	var running sync.WaitGroup
	var runErr error
	running.Go(func() {
		defer cancel()
		runErr = s.run(ctx)
	})
	if headless {
		printer := newHeadless(cmd.OutOrStdout(), cmd.ErrOrStderr(), flags.json)
		printer.listening(s)
		running.Go(func() { printer.run(sub) })
		<-ctx.Done()
	} else {
		err = s.runScreen(ctx, sub)
	}
	cancel()
	s.close()
	running.Wait()
	if errors.Is(runErr, context.Canceled) {
		runErr = nil
	}
	if runErr != nil {
		printBuildOutput(cmd.ErrOrStderr(), runErr)
	}
	return errors.Join(err, runErr)
}

// runScreen shows the console. With --debug what it is told goes to a file, which is
// begun anew.
func (s *session) runScreen(ctx context.Context, sub *events.Subscription[runtime.Event]) error {
	options := s.consoleOptions(sub)
	if s.flags.debug == "" {
		return tui.Run(ctx, options)
	}
	f, err := os.OpenFile(s.flags.debug, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	options.Debug = f
	return errors.Join(tui.Run(ctx, options), f.Close())
}

// Do implements [tui.Backend].
func (s *session) Do(ctx context.Context, worker string, req *runtime.Request) error {
	v, err := s.running(worker)
	if err != nil {
		return err
	}
	req, lacking := v.mask.Load().Reveal(req) // [secret:NAME], as the screen shows it and a user may write it
	if text := traffic.LackingText(lacking); text != "" {
		s.notice("%s: %s", worker, text)
	}
	v.send(ctx, req, sourceConsole)
	return nil
}

// Reload implements [tui.Backend].
func (s *session) Reload(ctx context.Context, worker string) error {
	v, err := s.running(worker)
	if err != nil {
		return err
	}
	s.reload(ctx, v, nil)
	return nil
}

// running is the worker of that name, which is there to be asked.
func (s *session) running(worker string) (*served, error) {
	for _, v := range s.workers {
		if v.project.Name == worker && v.worker.Load() != nil {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%s is not running yet", worker)
}

// consoleOptions is the session as the console sees it.
func (s *session) consoleOptions(sub *events.Subscription[runtime.Event]) tui.Options {
	o := tui.Options{
		Events: sub, Backend: s, Holdings: &holdings{s}, Addr: s.gateway.URL,
		NoColor: os.Getenv("NO_COLOR") != "",
		Mouse:   !s.flags.noMouse,

		LayoutFile: layoutFile(),
	}
	for _, v := range s.workers {
		o.Workers = append(o.Workers, tui.WorkerInfo{Name: v.project.Name, Dir: shortDir(v.project.Dir), Root: v.project.Dir})
	}
	return o
}
