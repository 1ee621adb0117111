// Package tui is the console: the screen that a person keeps open all day.
//
// The console is a subscriber of [runtime.Event]s, of the same rank as the
// headless printer. [Run] starts one relay goroutine, which takes batches of
// events off the subscription and sends them to the Bubble Tea program at most
// sixty times a second. From there everything is sequential:
//
//	events ─▶ relay ─▶ Model.Update ─▶ session (what is known) ─▶ panes ─▶ canvas ─▶ screen
//	keys, mouse ──────────┘  └─▶ Backend, in commands
//
// The session holds what the events told, in bounded rings. Panes are plain
// structs that read the session and draw themselves into a rectangle of a cell
// canvas; where those rectangles lie is computed in one place (layout.go), and
// so are the keys (keys.go), the colours (theme.go), and the cleaning of all
// text that comes from a worker (clean.go). Bodies are indexed, and their lines made
// when they are seen (document.go, jsonbody.go). Escape sequences are written in one
// place only, when the canvas becomes a string, so no styled text is ever cut.
package tui
