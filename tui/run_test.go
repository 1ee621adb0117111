package tui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"pymode-tui/events"
	"pymode-tui/runtime"
	"pymode-tui/traffic"

	tea "charm.land/bubbletea/v2"
)

// terminal stands in for a terminal: what is typed, and what is shown.
type terminal struct {
	io.Reader
	keys *io.PipeWriter

	mu    sync.Mutex
	shown bytes.Buffer
	more  chan struct{} // a token for each write
}

func newTerminal(t *testing.T) *terminal {
	r, w := io.Pipe()
	t.Cleanup(func() { _ = w.Close() })
	return &terminal{Reader: r, keys: w, more: make(chan struct{}, 1)}
}

func (term *terminal) Write(p []byte) (int, error) {
	term.mu.Lock()
	defer term.mu.Unlock()
	term.shown.Write(p)
	select {
	case term.more <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (term *terminal) output() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.shown.String()
}

// await waits until text was shown.
func (term *terminal) await(t *testing.T, text string) {
	t.Helper()
	for !strings.Contains(term.output(), text) {
		select {
		case <-term.more:
		case <-t.Context().Done():
			t.Fatalf("never saw %q in %q", text, term.output())
		}
	}
}

func (term *terminal) typeKeys(t *testing.T, keys string) {
	t.Helper()
	if _, err := io.WriteString(term.keys, keys); err != nil {
		t.Fatal(err)
	}
}

// start runs a console, and returns the channel on which its error comes.
func start(ctx context.Context, options Options) chan error {
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, options) }()
	return ended
}

// blockedBackend never answers, until the console ends.
type blockedBackend struct{ entered, left chan struct{} }

func (b *blockedBackend) Do(ctx context.Context, _ string, _ *runtime.Request) error {
	close(b.entered)
	<-ctx.Done()
	close(b.left)
	return ctx.Err()
}

func (b *blockedBackend) Reload(context.Context, string) error { return errors.ErrUnsupported }

func (b *blockedBackend) Save(context.Context, string, *runtime.Request, *runtime.Result) (string, error) {
	return "", errors.ErrUnsupported
}

func (b *blockedBackend) HAR(context.Context, *traffic.Exchange) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

func (b *blockedBackend) Watch(bool) {}

func TestRun(t *testing.T) {
	var stream events.Stream[runtime.Event]
	term, backend := newTerminal(t), &blockedBackend{make(chan struct{}), make(chan struct{})}
	ended := start(t.Context(), Options{
		Events: stream.Subscribe(100), Backend: backend, Workers: []WorkerInfo{{Name: testWorker}}, NoColor: true, Input: term, Output: term,
	})
	term.await(t, "\x1b[?1049h")
	stream.Publish(story()...)
	term.await(t, "myworker · ready") // the window's title
	term.typeKeys(t, "r")
	select {
	case <-backend.entered:
	case err := <-ended:
		t.Fatalf("ended early: %v", err)
	}
	term.typeKeys(t, "q")
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	select {
	case <-backend.left:
	default:
		t.Error("Run returned before its command")
	}
	if out := term.output(); strings.Contains(out, "\x1b[3") || !strings.Contains(out, "\x1b[?1049l") {
		t.Errorf("colours without colour, or the screen is not restored: %q", out)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	var stream events.Stream[runtime.Event]
	ctx, cancel := context.WithCancel(t.Context())
	term := newTerminal(t)
	ended := start(ctx, Options{Events: stream.Subscribe(100), Input: term, Output: term})
	term.await(t, "\x1b[?1049h")
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestRunOutlivesTheStream(t *testing.T) {
	var stream events.Stream[runtime.Event]
	term := newTerminal(t)
	sub := stream.Subscribe(100)
	stream.Publish(story()...)
	stream.Close()
	ended := start(t.Context(), Options{Events: sub, Input: term, Output: term})
	term.await(t, "\x1b[?1049h")
	term.typeKeys(t, "q")
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}

// TestTasksAreNotBegunOnceClosed covers a command that Bubble Tea starts while
// the console ends.
func TestTasksAreNotBegunOnceClosed(t *testing.T) {
	var owner tasks
	late := owner.command(func() tea.Msg { t.Error("began after close"); return nil })
	owner.close()
	if msg := late(); msg != nil {
		t.Errorf("got %v", msg)
	}
}
