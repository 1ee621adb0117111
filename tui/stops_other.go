//go:build !unix

package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"
)

// catchStops is for systems that stop processes by signals.
func catchStops(context.Context, func(tea.Msg)) {}

func stopOnSuspend(**tea.Program) func(tea.Model, tea.Msg) tea.Msg {
	return func(_ tea.Model, msg tea.Msg) tea.Msg { return msg }
}
