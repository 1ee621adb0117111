package tui

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"pymode-tui/events"
	"pymode-tui/runtime"

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
	model := newModel(ctx, options)
	if err := model.restore(); err != nil {
		model.session.notice(model.now(), err.Error())
	}
	program := tea.NewProgram(model, programOptions(ctx, options)...)

	var relaying sync.WaitGroup
	relaying.Go(func() { relay(ctx, options.Events, program.Send) })
	_, err := program.Run()
	cancel()
	relaying.Wait()
	model.tasks.close()

	switch {
	case err == nil, errors.Is(err, tea.ErrInterrupted):
		err = nil
	case parent.Err() != nil && !errors.Is(err, tea.ErrProgramPanic):
		err = nil // killed, as it was told to be
	default:
		err = fmt.Errorf("console: %w", err)
	}
	return errors.Join(err, model.remember())
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

// relay sends what happens to the program, in batches, until there is nothing
// more to come.
func relay(ctx context.Context, source *events.Subscription[runtime.Event], send func(tea.Msg)) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		batch, lost, err := source.Next(ctx)
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
