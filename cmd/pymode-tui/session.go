package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pymode-tui/events"
	"pymode-tui/gateway"
	"pymode-tui/packages"
	"pymode-tui/project"
	"pymode-tui/runtime"
	"pymode-tui/runtime/cpython"
	"pymode-tui/traffic"
	"pymode-tui/watcher"

	"golang.org/x/sync/errgroup"
)

// session is what runs behind a console, with a screen or without: workers,
// each with its watcher, and the gateway in front of the first.
//
//	watcher ─▶ project.Load ─▶ Worker.Configure, Reload ─▶ events
//	gateway ─▶ Worker.Do                                ─▶ events
type session struct {
	flags    *workerFlags
	stream   events.Stream[runtime.Event]
	gateway  *gateway.Gateway
	workers  []*served
	engine   *runtime.Engine // set before run where several sessions share one
	owned    bool            // the engine ends with the session
	bindings *bindings
	reloads  sync.WaitGroup

	unwatched atomic.Bool // saved requests are not sent again after a save
}

// served is one project directory of a session.
type served struct {
	dir       string // as the user wrote it
	project   *project.Project
	watcher   *watcher.Watcher
	installed time.Time // the packages that are loaded; belongs to follow
	syncing   sync.Mutex
	synced    string // the dependencies that are installed, a line each; guarded by syncing
	worker    atomic.Pointer[runtime.Worker]
	capture   *traffic.Capture // nil where nothing is captured
	sent      sentBook
	tests     testRuns
	mask      atomic.Pointer[traffic.Masker]
	config    atomic.Pointer[project.Project] // as last read; nil before that
	opened    chan struct{}                   // closed when worker is set
}

// newSession checks the projects and opens the address, so that what is wrong
// with them is said before anything is drawn.
func newSession(dirs []string, flags *workerFlags) (_ *session, err error) {
	if err := flags.check(); err != nil {
		return nil, err
	}
	s := &session{flags: flags}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	names := map[string]string{}
	for _, dir := range dirs {
		v := &served{dir: dir, opened: make(chan struct{})}
		// The watch comes first: what changes while the files are read is seen.
		// What keeps it from being set up is told better by Load.
		var watchErr error
		v.watcher, watchErr = watcher.New(dir, watcher.Options{})
		if v.watcher != nil {
			s.workers = append(s.workers, v)
		}
		if v.project, err = project.Load(dir); err != nil {
			return nil, err
		}
		v.installed = packages.InstalledAt(siteDir(v.project))
		if watchErr != nil {
			return nil, fmt.Errorf("watch %s: %w", dir, watchErr)
		}
		if other, ok := names[v.project.Name]; ok {
			return nil, usagef("%s and %s are both named %q: a worker needs a name of its own", other, dir, v.project.Name)
		}
		names[v.project.Name] = dir
		s.startCapture(v)
	}
	if s.bindings, err = openBindings(flags, func(text string) { s.notice("%s", text) }, s.find); err != nil {
		return nil, err
	}
	s.gateway, err = gateway.Listen(gateway.Config{Addr: flags.listenAddr(), Hosts: flags.hosts}, s.workers[0])
	return s, err
}

// Do implements [gateway.Worker]: a request that comes before the worker is
// there waits for it.
func (v *served) Do(ctx context.Context, req *runtime.Request) *runtime.Result {
	select {
	case <-v.opened:
		return v.send(ctx, req, sourceGateway)
	case <-ctx.Done():
		return &runtime.Result{Status: 503, Error: &runtime.Failure{Kind: runtime.FailureProtocol, Message: ctx.Err().Error()}}
	}
}

// current is the project as its files are now.
func (v *served) current() *project.Project {
	if p := v.config.Load(); p != nil {
		return p
	}
	return v.project
}

// run builds what has to be built, imports the workers and follows the changes
// of their files until ctx is done.
func (s *session) run(ctx context.Context) error {
	if s.engine == nil {
		if err := s.openEngine(ctx); err != nil {
			return err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, v := range s.workers {
		w, err := s.engine.NewWorker(s.config(v.project))
		if err != nil {
			return err
		}
		v.worker.Store(w)
		close(v.opened)
		for _, warning := range v.project.Warnings {
			s.notice("%s: %s", v.project.Name, warning)
		}
		group.Go(func() error {
			s.syncPackages(ctx, v, v.project)
			return nil
		})
		group.Go(func() error {
			s.bindings.prepare(ctx, v.project)
			w.Reload(ctx, nil)
			return s.follow(ctx, v)
		})
	}
	return group.Wait()
}

// openEngine builds the runtime where it has not been, and starts it.
func (s *session) openEngine(ctx context.Context) error {
	config, _, err := engineConfig(ctx, s.flags, s.progress)
	if err != nil {
		return err
	}
	var ahead []runtime.Config
	for _, v := range s.workers {
		ahead = append(ahead, s.config(v.project))
	}
	if s.engine, err = runtime.NewEngine(ctx, config, ahead...); err != nil {
		return err
	}
	s.owned = true
	if warning := s.engine.Warning(); warning != "" {
		s.notice("%s", warning)
	}
	return nil
}

// siteCheck is how often a session looks whether packages were installed. The
// watcher leaves their folder alone: it may hold thousands of files, and is
// replaced as a whole.
const siteCheck = 300 * time.Millisecond

// follow reloads the worker when its files change, or its packages. A change that
// comes while the one before is imported gives that up.
func (s *session) follow(ctx context.Context, v *served) error {
	site := siteDir(v.project)
	ticker := time.NewTicker(siteCheck)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if now := packages.InstalledAt(site); !now.Equal(v.installed) {
				v.installed = now
				s.reloads.Go(func() { s.reload(ctx, v, []string{"site-packages"}) })
			}
		case change, ok := <-v.watcher.Changes():
			if !ok {
				return nil
			}
			if change.Notice != "" {
				s.notice("%s: %s", v.project.Name, change.Notice)
			}
			files := s.others(v, change.Files)
			if slices.ContainsFunc(files, isCode) {
				s.reloads.Go(func() { s.reload(ctx, v, files) })
			} else if len(files) > 0 {
				s.reloads.Go(func() { s.test(ctx, v, files) })
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// others are files that changed but for the one that --debug writes: each line of it
// would be a change, and each change a line.
func (s *session) others(v *served, files []string) []string {
	own, err := filepath.Abs(s.flags.debug)
	if s.flags.debug == "" || err != nil {
		return files
	}
	return slices.DeleteFunc(files, func(file string) bool { return filepath.Join(v.project.Dir, filepath.FromSlash(file)) == own })
}

// isCode reports whether a change to a project's file can change its worker:
// saved requests are none of its code.
func isCode(file string) bool { return !strings.HasPrefix(file, requestsDir+"/") }

// reload reads the project's files anew where one of them is meant, and imports.
func (s *session) reload(ctx context.Context, v *served, files []string) {
	w := v.worker.Load()
	p, err := project.Load(v.project.Dir)
	if err != nil {
		w.Break(ctx, files, configFailure(err))
		return
	}
	if err := w.Configure(s.config(p)); err != nil {
		w.Break(ctx, files, configFailure(err))
		return
	}
	v.config.Store(p)
	s.reloads.Go(func() { s.syncPackages(ctx, v, p) })
	v.mask.Store(masker(p))
	s.bindings.prepare(ctx, p)
	w.Reload(ctx, files)
	s.test(ctx, v, files)
}

// configFailure is an error of the project's files as a traceback shows one.
func configFailure(err error) *runtime.Failure {
	f := &runtime.Failure{Kind: runtime.FailureImport, Message: err.Error()}
	var broken *project.Error
	if errors.As(err, &broken) && broken.Line > 0 {
		f.Traceback = []runtime.Frame{{File: broken.File, Line: broken.Line, Function: "<config>"}}
	}
	return f
}

// close ends everything that the session has started, in the order in which
// nothing is cut off that could still finish.
func (s *session) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for _, v := range s.workers {
		_ = v.watcher.Close()
	}
	s.reloads.Wait()
	if s.gateway != nil {
		_ = s.gateway.Close(ctx)
	}
	for _, v := range s.workers {
		if w := v.worker.Load(); w != nil {
			w.Close()
		}
	}
	for _, v := range s.workers {
		if v.capture == nil {
			continue
		}
		if err := v.capture.Close(); err != nil {
			s.notice("%v", err)
		}
	}
	if s.owned {
		_ = s.engine.Close(ctx)
	}
	if s.bindings != nil {
		if err := s.bindings.close(); err != nil {
			s.notice("%v", err)
		}
	}
	s.stream.Close()
}

func (s *session) observe(e runtime.Event) { s.stream.Publish(e) }

func (s *session) notice(format string, args ...any) {
	s.stream.Publish(runtime.Notice{At: time.Now(), Text: fmt.Sprintf(format, args...)})
}

func (s *session) progress(p cpython.Progress) {
	s.stream.Publish(runtime.Progress{
		At: time.Now(), Step: p.Step, Number: p.Number, Steps: p.Steps, Percent: p.Percent, Remaining: p.Remaining, Line: p.Line,
	})
}

// shortDir is a directory as a person would write it.
func shortDir(dir string) string {
	home, err := os.UserHomeDir()
	if err != nil {
		return dir
	}
	if rest, ok := strings.CutPrefix(dir, home+string(filepath.Separator)); ok {
		return filepath.Join("~", rest)
	}
	return dir
}
