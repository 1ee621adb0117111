package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	goruntime "runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"pymode-tui/runtime/image"
)

// ErrClosed is what a closed worker answers.
var ErrClosed = errors.New("the worker is closed")

// Worker is a project that answers requests. It is safe for use by many
// goroutines.
type Worker struct {
	engine *Engine
	config atomic.Pointer[settings]

	// slots bounds how many requests run at once; the others wait.
	slots chan struct{}

	mu       sync.Mutex
	current  *generation   // nil before the first import
	settled  chan struct{} // closed when no import is under way
	stop     context.CancelFunc
	number   int // of the last generation begun
	state    StateChanged
	isClosed bool

	ctx    context.Context // done when the worker is closed
	cancel context.CancelFunc
	active sync.WaitGroup // requests under way

	reloading  sync.Mutex // held by the import under way
	refreshing sync.Mutex // held by a request that reloads
	importers  chan *importer
	layers     layers
	background sync.WaitGroup
	ids        atomic.Int64
	pattern    atomic.Pointer[image.Pattern] // of the last request that was looked at
}

// NewWorker returns a worker that has no code yet: call Reload.
func (e *Engine) NewWorker(config Config) (*Worker, error) {
	w := &Worker{
		engine:    e,
		slots:     make(chan struct{}, max(32, 4*goruntime.GOMAXPROCS(0))),
		settled:   make(chan struct{}),
		importers: make(chan *importer, 1),
	}
	if err := w.Configure(config); err != nil {
		return nil, err
	}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	w.prepare()
	return w, nil
}

// Configure changes what the worker is, from the next Reload on. The name and
// the directory can't change.
func (w *Worker) Configure(config Config) error {
	if least := w.engine.base.Size() + 1<<20; config.MemoryLimit != 0 && config.MemoryLimit < least {
		return fmt.Errorf("memory limit of %d bytes: the interpreter alone needs %d", config.MemoryLimit, least)
	}
	w.config.Store(config.withDefaults())
	return nil
}

func (w *Worker) settings() *settings { return w.config.Load() }

// Name is the worker's name.
func (w *Worker) Name() string { return w.settings().Name }

// State is what the worker is doing now.
func (w *Worker) State() StateChanged {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}

// Close ends the worker: requests under way are cancelled, later ones refused.
func (w *Worker) Close() {
	w.mu.Lock()
	if w.isClosed {
		w.mu.Unlock()
		return
	}
	w.isClosed = true
	if w.stop != nil {
		w.stop()
	}
	g := w.current
	w.current = nil
	w.cancel()
	w.mu.Unlock()
	w.active.Wait()
	w.reloading.Lock() // an import under way ends first
	defer w.reloading.Unlock()
	if g != nil {
		g.retire()
	}
	w.background.Wait()
	select {
	case i := <-w.importers:
		i.discard()
	default:
	}
	w.layers.set(nil, nil)
	w.setState(StateChanged{State: StateClosed})
}

func (w *Worker) setState(s StateChanged) {
	settings := w.settings()
	s.Worker, s.At = settings.Name, time.Now()
	s.Limits = Limits{Memory: settings.MemoryLimit, CPU: settings.CPULimit.Microseconds()}
	w.mu.Lock()
	w.state = s
	w.mu.Unlock()
	settings.observe(s)
}

// siteFiles is site-packages as the guest sees it.
func (w *Worker) siteFiles() fs.FS { return siteFiles{w} }

// siteFiles looks for the directory at each opening: instances are made ahead, and
// packages may be installed after that, for the first time too.
type siteFiles struct{ worker *Worker }

// Open implements [fs.FS].
func (s siteFiles) Open(name string) (fs.File, error) {
	dir := s.worker.settings().SitePackages
	if dir == "" {
		return emptyFiles{}.Open(name)
	}
	f, err := os.DirFS(dir).Open(name)
	if name == "." && errors.Is(err, fs.ErrNotExist) {
		return emptyFiles{}.Open(name)
	}
	return f, err
}

// freshness is how long a request waits for the reload that a changed file
// will bring before it reloads by itself: longer than the watcher's debounce.
const freshness = 250 * time.Millisecond

// generation waits until no import is under way and returns the generation to
// answer with, of which the caller is a user. A request never gets code that
// is older than the files are.
func (w *Worker) generation(ctx context.Context) (*generation, error) {
	var deadline time.Time
	for {
		w.mu.Lock()
		settled, g := w.settled, w.current
		w.mu.Unlock()
		if g == nil || !isClosed(settled) {
			select {
			case <-settled:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			continue
		}
		if !g.use() {
			continue // retired since: there is a newer one
		}
		if g.project == nil || !g.project.stale() {
			return g, nil
		}
		g.release()
		switch now := time.Now(); {
		case deadline.IsZero():
			deadline = now.Add(freshness)
		case now.After(deadline):
			if w.refreshing.TryLock() {
				w.Reload(context.WithoutCancel(ctx), nil)
				w.refreshing.Unlock()
				deadline = time.Time{}
				continue
			}
		}
		select {
		case <-time.After(2 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// begin counts a request; its context also ends when the worker is closed.
func (w *Worker) begin(ctx context.Context) (_ context.Context, end func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isClosed {
		return ctx, nil, ErrClosed
	}
	w.active.Add(1)
	ctx, cancel := context.WithCancel(ctx)
	unlink := context.AfterFunc(w.ctx, cancel)
	return ctx, func() {
		unlink()
		cancel()
		w.active.Done()
	}, nil
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// nextID numbers requests.
func (w *Worker) nextID() string { return strconv.FormatInt(w.ids.Add(1), 10) }
