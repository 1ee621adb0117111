package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"pymode-tui/mocks"
	"pymode-tui/mocks/ai"
	"pymode-tui/mocks/d1"
	"pymode-tui/mocks/kv"
	"pymode-tui/mocks/network"
	"pymode-tui/mocks/r2"
	"pymode-tui/mocks/services"
	"pymode-tui/mocks/workflows"
	"pymode-tui/project"

	"github.com/gofrs/flock"
)

// bindings are what answers the host calls of a command's workers.
type bindings struct {
	flags   *workerFlags
	notify  func(text string)
	network *network.Network
	find    func(name string) (w services.Worker, known []string)

	mu     sync.Mutex
	states map[string]*state // by directory
}

// state is what is kept in one state directory. Its parts are opened when a
// worker first needs them, and belong to all workers of the directory.
type state struct {
	dir   string
	lock  *flock.Flock
	parts map[string]*mocks.Provider
}

func openBindings(f *workerFlags, notify func(text string), find func(name string) (services.Worker, []string)) (*bindings, error) {
	n, err := network.New(network.Config{Offline: f.offline, Allow: f.allow})
	if err != nil {
		return nil, usagef("--allow: %v", err)
	}
	return &bindings{flags: f, notify: notify, network: n, find: find, states: map[string]*state{}}, nil
}

// of returns what answers the host calls of a project's worker.
func (b *bindings) of(p *project.Project) *mocks.Set {
	set := mocks.New(b.network, services.New(b.find))
	set.Subrequests = cmp.Or(b.flags.subrequests, p.Limits.Subrequests, mocks.DefaultSubrequests)
	set.Provide("ai", mocks.NewProvider(func() (mocks.Part, error) { return b.models(p) }))
	for name, provider := range b.state(p).parts {
		set.Provide(name, provider)
	}
	return set
}

// models are what answers a project's AI binding.
func (b *bindings) models(p *project.Project) (*ai.AI, error) {
	config := ai.Config{URL: p.AI.URL, Models: p.AI.Models, Fixtures: filepath.Join(p.Dir, "ai"), Offline: b.flags.offline}
	if p.AI.Key != "" {
		secret, ok := p.Secrets[p.AI.Key]
		if !ok {
			return nil, fmt.Errorf("the AI endpoint wants the secret %s, which .dev.vars does not have", p.AI.Key)
		}
		config.Key = secret.Reveal()
	}
	return ai.New(config)
}

// stateDirOf is where a project's state is kept.
func (f *workerFlags) stateDirOf(p *project.Project) string {
	if f.stateDir != "" {
		return f.stateDir
	}
	return filepath.Join(p.Dir, ".pymode")
}

func (b *bindings) state(p *project.Project) *state {
	b.mu.Lock()
	defer b.mu.Unlock()
	dir := b.flags.stateDirOf(p)
	if s, ok := b.states[dir]; ok {
		return s
	}
	s := &state{dir: dir}
	s.parts = map[string]*mocks.Provider{
		"kv": b.provide(s, func() (mocks.Part, error) {
			return kv.New(kv.Config{Dir: filepath.Join(dir, "kv"), URL: b.flags.kv, Project: p.Name, Notify: b.notify})
		}),
		"r2": b.provide(s, func() (mocks.Part, error) {
			return r2.New(context.Background(), r2.Config{Dir: filepath.Join(dir, "r2"), URL: b.flags.r2, Prefix: p.Name, Notify: b.notify})
		}),
		"d1": b.provide(s, func() (mocks.Part, error) {
			return d1.New(context.Background(), d1.Config{Dir: filepath.Join(dir, "d1"), Notify: b.notify})
		}),
		"workflow": b.provide(s, func() (mocks.Part, error) {
			return workflows.New(context.Background(), workflows.Config{Dir: filepath.Join(dir, "workflows"), Notify: b.notify})
		}),
	}
	b.states[dir] = s
	return s
}

// provide is a part of the state, whose directory is claimed before it is opened.
func (b *bindings) provide(s *state, open func() (mocks.Part, error)) *mocks.Provider {
	return mocks.NewProvider(func() (mocks.Part, error) {
		if err := b.claim(s); err != nil {
			return nil, &stateError{s.dir, err}
		}
		part, err := open()
		if err != nil {
			return nil, &stateError{s.dir, err}
		}
		return part, nil
	})
}

// claim marks the state directory as used by this process, and tells where
// another one does so already: both then work on the same data.
func (b *bindings) claim(s *state) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.lock != nil {
		return nil
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	file := filepath.Join(s.dir, "lock")
	lock := flock.New(file)
	alone, err := lock.TryLock()
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	s.lock = lock
	if alone {
		return os.WriteFile(file, fmt.Appendf(nil, "%d\n", os.Getpid()), 0o600)
	}
	owner, _ := os.ReadFile(file) // without it the message is shorter
	who := "another process"
	if pid := strings.TrimSpace(string(owner)); pid != "" {
		who = "process " + pid
	}
	b.notify(fmt.Sprintf("%s also works on the state in %s: both see the same KV, R2 and D1 (--state DIR keeps them apart)", who, shortDir(s.dir)))
	return nil
}

// stateError is a state directory that can't be used.
type stateError struct {
	dir string
	err error
}

// Error implements error.
func (e *stateError) Error() string { return fmt.Sprintf("the state in %s: %v", e.dir, e.err) }

// Unwrap returns the cause.
func (e *stateError) Unwrap() error { return e.err }

// Hint says what to do about it.
func (e *stateError) Hint() string { return "another directory can be given with --state DIR" }

// prepare opens what the project's config declares, so that the first request
// does not wait for it, and applies the migrations of its databases. Errors in
// opening are met again, and told, when the part is used.
func (b *bindings) prepare(ctx context.Context, p *project.Project) {
	s := b.state(p)
	for _, binding := range p.Bindings {
		provider, ok := s.parts[string(binding.Kind)]
		if !ok {
			continue
		}
		part, err := provider.Part()
		databases, ok := part.(*d1.Store)
		if err != nil || !ok {
			continue
		}
		dir := migrations(p, binding)
		if dir == "" {
			continue
		}
		applied, err := databases.Migrate(ctx, cmp.Or(binding.Target, binding.Name), filepath.Join(p.Dir, dir))
		if len(applied) > 0 {
			b.notify(fmt.Sprintf("%s: applied to %s: %s", p.Name, binding.Name, strings.Join(applied, ", ")))
		}
		if err != nil {
			b.notify(fmt.Sprintf("%s: %s: %v", p.Name, binding.Name, err))
		}
	}
}

// migrations is the folder of a database's migrations: that of the config, or
// migrations/ for the only database of a project.
func migrations(p *project.Project, database project.Binding) string {
	if database.Migrations != "" {
		return database.Migrations
	}
	for _, other := range p.Bindings {
		if other.Kind == project.KindD1 && other.Name != database.Name {
			return ""
		}
	}
	return "migrations"
}

// close writes down what has to be kept.
func (b *bindings) close() error {
	b.mu.Lock()
	states := b.states
	b.states = map[string]*state{}
	b.mu.Unlock()
	errs := []error{b.network.Close()}
	for _, s := range states {
		for _, provider := range s.parts {
			errs = append(errs, provider.Close())
		}
		if s.lock != nil {
			errs = append(errs, s.lock.Close())
		}
	}
	return errors.Join(errs...)
}

// alone is the only worker of a command: it can call no other.
func alone(string) (services.Worker, []string) {
	return nil, []string{"only the worker itself"}
}

// find is a session's worker of a name, and the names that there are.
func (s *session) find(name string) (services.Worker, []string) {
	var names []string
	for _, v := range s.workers {
		if v.project.Name == name {
			return v, nil
		}
		names = append(names, v.project.Name)
	}
	slices.Sort(names)
	return nil, names
}
