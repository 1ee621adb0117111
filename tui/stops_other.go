//go:build !unix

package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"
)

// catchStops is for systems that stop processes by signals.
func catchStops(context.Context, func(tea.Msg)) {}

// suspend leaves it to Bubble Tea, which does nothing here.
func suspend(*tea.Program) tea.Msg { return tea.SuspendMsg{} }
