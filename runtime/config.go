package runtime

import (
	"context"
	"time"
)

// The platform's budgets, which are the defaults.
const (
	DefaultMemoryLimit = 128 << 20        // bytes
	DefaultCPULimit    = 30 * time.Second // of active time, for a request
	// DefaultImportLimit is generous: the platform gives 1 s, but a laptop
	// under load is slower, and past the platform's there is a warning.
	DefaultImportLimit = 10 * time.Second
	// DefaultWallLimit ends a request that waits for something that never comes.
	DefaultWallLimit = 5 * time.Minute
)

// PlatformImportLimit is the CPU time that the platform gives an import.
const PlatformImportLimit = time.Second

// grace is how long a handler may go on after the soft stop.
const grace = time.Second

// Config says what a worker is.
type Config struct {
	Name         string             // for events and messages
	Dir          string             // the project's directory, which the guest sees as /app, read-only
	SitePackages string             // a directory that the guest sees as /site, which may be missing, or ""
	Module       string             // the entry module's dotted name
	Path         []string           // directories of the project to import from, relative, slash-separated
	Env          map[string]Binding // what the handler gets as env

	MemoryLimit int64         // bytes, DefaultMemoryLimit where 0
	CPULimit    time.Duration // DefaultCPULimit where 0
	ImportLimit time.Duration // CPU time of an import, DefaultImportLimit where 0
	WallLimit   time.Duration // DefaultWallLimit where 0, or a minute more than CPULimit if that is longer

	// WholeImport imports packages with the worker each time, and keeps no image of
	// them: for whoever measures what the import costs.
	WholeImport bool

	fuel uint64 // loops between two yields, for benchmarks; as usual where 0

	// Bindings answers host calls; where it is nil they fail.
	Bindings Bindings

	// Secrets are values that events must not carry, by name.
	Secrets map[string]string

	// Observe gets every event, in order of occurrence for each request. It
	// must not block. It may be nil.
	Observe func(Event)
}

// settings are a configuration and what follows from it.
type settings struct {
	Config
	mask *masker
}

// observe reports an event, without secrets.
func (s *settings) observe(e Event) { s.Observe(s.shown(e)) }

// shown is an event without secrets.
func (s *settings) shown(e Event) Event {
	if s.mask.Empty() {
		return e
	}
	return s.mask.event(e)
}

type observerKey struct{}

// WithObserver returns a context for requests whose events, masked as all are, go
// to observe and not to the worker's own observer: with those of the workers that
// such a request calls.
func WithObserver(ctx context.Context, observe func(Event)) context.Context {
	return context.WithValue(ctx, observerKey{}, observe)
}

// observer is who gets the events of a request.
func (w *Worker) observer(ctx context.Context) func(Event) {
	if own, ok := ctx.Value(observerKey{}).(func(Event)); ok {
		return func(e Event) { own(w.settings().shown(e)) }
	}
	return func(e Event) { w.settings().observe(e) }
}

// Binding is one entry of env.
type Binding struct {
	Kind  string `json:"kind"`            // "var", "secret", "kv", "r2", "d1", "ai", "service"
	Value any    `json:"value,omitempty"` // of a var or a secret
	// Target is what the config binds: a namespace's id, the name of a bucket,
	// a database or a worker. "" is what has the binding's own name.
	Target string `json:"-"`
}

// withDefaults fills what was left empty.
func (c Config) withDefaults() *settings {
	if c.MemoryLimit == 0 {
		c.MemoryLimit = DefaultMemoryLimit
	}
	if c.CPULimit == 0 {
		c.CPULimit = DefaultCPULimit
	}
	if c.ImportLimit == 0 {
		c.ImportLimit = DefaultImportLimit
	}
	if c.WallLimit == 0 {
		c.WallLimit = max(DefaultWallLimit, c.CPULimit+time.Minute)
	}
	if c.Observe == nil {
		c.Observe = func(Event) {}
	}
	return &settings{Config: c, mask: newMasker(c.Secrets)}
}
