package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
)

// frameTime is the shortest time between two batches of events, and so between
// two frames that nobody asked for by a key: 60 a second.
const frameTime = time.Second / 60

// Run shows the console until the user quits or parent ends; both are no error.
// It returns once the terminal is as it was before and all goroutines that it
// started have ended.
func Run(parent context.Context, options Options) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	model := New(ctx, options)
	var program *tea.Program
	program = tea.NewProgram(model, append(programOptions(ctx, options), tea.WithFilter(func(_ tea.Model, msg tea.Msg) tea.Msg {
		if _, ok := msg.(tea.SuspendMsg); ok {
			return suspend(program)
		}
		return msg
	}))...)

	var relaying sync.WaitGroup
	relaying.Go(func() { model.Relay(ctx, program.Send) })
	relaying.Go(func() { catchStops(ctx, program.Send) })
	_, err := program.Run()
	cancel()
	relaying.Wait()

	switch {
	case err == nil, errors.Is(err, tea.ErrInterrupted):
		err = nil
	case parent.Err() != nil && !errors.Is(err, tea.ErrProgramPanic):
		err = nil // killed, as it was told to be
	default:
		err = fmt.Errorf("console: %w", err)
	}
	return errors.Join(err, model.Close())
}

// Close waits for the commands that have begun; no more will. Then it writes how the
// console is laid out, if a file was named for it.
func (m *Model) Close() error {
	m.tasks.close()
	if m.scratch != "" { // there still where the console ended before its editor
		_ = os.Remove(m.scratch)
	}
	return m.remember()
}

func programOptions(ctx context.Context, options Options) []tea.ProgramOption {
	opts := []tea.ProgramOption{tea.WithContext(ctx)}
	if options.Input != nil {
		opts = append(opts, tea.WithInput(options.Input))
	}
	if options.Output != nil {
		opts = append(opts, tea.WithOutput(options.Output))
	}
	if options.NoColor {
		// Bubble Tea takes only NO_COLOR=1 and =true for a no.
		opts = append(opts, tea.WithColorProfile(colorprofile.Ascii))
	}
	return opts
}

// Relay sends the console what happens, in batches, until there is nothing more to
// come, or ctx is done.
func (m *Model) Relay(ctx context.Context, send func(tea.Msg)) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		batch, lost, err := m.options.Events.Next(ctx)
		if err != nil {
			return
		}
		send(eventsMsg{batch, lost})
		pause.Reset(frameTime)
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
	}
}
