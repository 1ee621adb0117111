package tui

import (
	"bytes"
	"context"
	"testing"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/traffic"
	"pymode-tui/tui/consoletest"

	"go.uber.org/goleak"
)

// The clock of the highlighter's regular expressions ends by itself, a second late.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/dlclark/regexp2/v2.runClock"))
}

// console is a console over a made-up worker, and what stands behind it.
type console struct {
	*consoletest.Driver[*console]
	model   *Model
	backend *fakeBackend
	data    *fakeHoldings
	clock   time.Time
}

const testWorker = "myworker"

// epoch is when all tests begin.
var epoch = time.Date(2026, time.March, 14, 12, 1, 7, 0, time.UTC)

func newConsole(t *testing.T, change ...func(*Options)) *console {
	t.Helper()
	c := &console{backend: &fakeBackend{}, data: newFakeHoldings(), clock: epoch}
	options := Options{
		Backend:  c.backend,
		Holdings: c.data,
		Workers:  []WorkerInfo{{Name: testWorker, Dir: "./myworker"}},
		Addr:     func() string { return "http://127.0.0.1:8787" },
	}
	for _, f := range change {
		f(&options)
	}
	c.model = New(t.Context(), options)
	c.model.logs.source.(*logSource).zone = time.UTC
	c.model.flashTime = 0
	c.model.now = func() time.Time { return c.clock }
	if c.model.dump != nil {
		c.model.dump.begin = c.clock
	}
	c.Driver = consoletest.Start(t, c.model, c)
	return c.Resize(80, 24)
}

func withoutColor(o *Options) { o.NoColor = true }

// fakeBackend remembers what it was asked for.
type fakeBackend struct {
	done     []*runtime.Request
	reloaded []string
	saved    []*runtime.Result
	watched  []bool
	err      error // of the next calls
}

func (b *fakeBackend) Do(_ context.Context, _ string, req *runtime.Request) error {
	b.done = append(b.done, req)
	return b.err
}

func (b *fakeBackend) Reload(_ context.Context, worker string) error {
	b.reloaded = append(b.reloaded, worker)
	return b.err
}

func (b *fakeBackend) HAR(_ context.Context, e *traffic.Exchange) ([]byte, error) {
	var archive bytes.Buffer
	if err := traffic.WriteHAR(&archive, []*traffic.Exchange{e}, nil); err != nil {
		return nil, err
	}
	return archive.Bytes(), b.err
}

func (b *fakeBackend) Watch(on bool) { b.watched = append(b.watched, on) }

func (b *fakeBackend) Save(_ context.Context, _ string, _ *runtime.Request, result *runtime.Result) (string, error) {
	b.saved = append(b.saved, result)
	return "requests/saved.exchange", b.err
}
