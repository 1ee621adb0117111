// Package packages installs what a worker depends on, for the workers' Python.
//
// A dependency passes through five stages, a file or two each:
//
//	resolve.go   uv chooses versions for the guest's platform, or pymode.lock has them
//	download.go  files come into the cache, each checked against its SHA-256
//	build.go     source distributions become wheels, their C, C++ and Rust side modules:
//	             the package's own build backend runs with the tools of cross.go and
//	             rust.go, and with the help of a recipe where there is one
//	lock.go      what was chosen is written down
//	install.go   wheels are unpacked into site-packages, less what a worker never
//	             imports, and packages of Python alone into site-packages.zip
//
// What was built can be handed on to other machines; see sharedwheel.go.
//
// Nothing of a package runs in the guest before a worker imports it. Build backends
// run under the machine's own Python, each in an environment of its own.
//
// What can't be had is an [*Error]: one line with the reason, and a hint where there
// is something to do.
package packages

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"pymode-tui/runtime/cpython"
)

// LockFile is the name of the lock file in a project.
const LockFile = "pymode.lock"

// Options says what to install, and where.
type Options struct {
	Dependencies []string         // requirements as [project] dependencies has them: "markupsafe>=3"
	Lock         string           // path of the lock file
	Site         string           // path of site-packages; the archive is beside it, under its name and .zip
	CacheDir     string           // default: pymode-tui in [os.UserCacheDir]
	Runtime      *cpython.Runtime // that extension modules are built for
	Frozen       bool             // install what the lock file says or fail; never write it
	Upgrade      bool             // choose anew what the lock file has chosen
	Offline      bool             // take everything from the cache or fail
	NoBuild      bool             // fail where something is to be compiled
	FindLinks    []string         // folders and addresses of wheels that were exported, before anything is built
	Export       string           // a folder that what was built is written to as wheels; "": none
	// ExportSources is a folder that the source distributions of what is built are
	// written to; "": none.
	ExportSources string
	Jobs          int // how many packages are built at once; default: the number of CPUs
	// Progress is told how far it is, in order, never by two goroutines at once.
	Progress func(cpython.Progress)
	// Building is told what is about to be compiled, "pydantic-core 2.50.5", if anything is.
	Building func(packages []string)

	store string // what projects share; default: packages in CacheDir
}

// Report says what was done.
type Report struct {
	Packages   []Installed `json:"packages"`           // by name
	Changed    bool        `json:"changed"`            // false where everything was as it should be already
	LockWrote  bool        `json:"lock_wrote"`         // the lock file is new
	SiteBytes  int64       `json:"site_bytes"`         // of all files in site-packages
	ZipBytes   int64       `json:"zip_bytes"`          // of site-packages.zip
	Exported   []string    `json:"exported,omitempty"` // names of the wheels in Options.Export
	ShakenFrom int64       `json:"shaken_from"`        // what SiteBytes would be with tests and type stubs
}

// Installed is one package.
type Installed struct {
	Name    string   `json:"name"` // normalised
	Version string   `json:"version"`
	Kind    Kind     `json:"kind"`
	Built   bool     `json:"built"`             // now, and not taken from the cache
	Modules []Module `json:"modules,omitempty"` // its side modules
	Zipped  bool     `json:"zipped"`            // it is in site-packages.zip
}

// Module is a side module of a package.
type Module struct {
	Path  string `json:"path"`  // in site-packages, with slashes
	Bytes int64  `json:"bytes"` //
}

// Sync installs the dependencies. Where it fails, site-packages and the lock file
// are what they were. While another process syncs the same site-packages, it waits.
//
// What can't be installed is an [*Error]; where the machine lacks something, it is of
// the kind [ErrMachine] or a [*cpython.MissingToolError].
func Sync(ctx context.Context, opts Options) (*Report, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(opts.Site), 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of site-packages: %w", err)
	}
	unlock, err := lockFile(ctx, opts.Site+".lock")
	if err != nil {
		return nil, err
	}
	defer unlock()
	s := &syncer{opts: opts, cache: cache{opts.store}, meter: newMeter(opts.Progress, opts.Jobs)}
	if s.recipes, err = loadRecipes(); err != nil {
		return nil, err
	}
	s.python = sync.OnceValues(func() (*pythonInfo, error) { return findPython(ctx) })
	s.guest = sync.OnceValues(func() (*guest, error) { return readGuest(opts.Runtime) })
	s.rust = sync.OnceValues(func() (*rust, error) { return s.findRust(ctx) })
	s.durations = sync.OnceValue(s.cache.durations)
	s.compile = s.compileSite
	return s.sync(ctx)
}

// syncer is one call of [Sync].
type syncer struct {
	opts    Options
	cache   cache
	recipes map[string]*recipe
	meter   *meter
	python  func() (*pythonInfo, error)                 // asked once
	guest   func() (*guest, error)                      // read once
	rust    func() (*rust, error)                       // found or set up once
	compile func(ctx context.Context, dir string) error // to bytecode

	durations func() map[string]float64 // of builds, as they are remembered; read once
}

func (s *syncer) sync(ctx context.Context) (*Report, error) {
	chosen, fresh, err := s.choose(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.refuse(chosen.Packages); err != nil {
		return nil, err
	}
	if s.opts.ExportSources != "" {
		if err := s.exportSources(ctx, chosen.Packages); err != nil {
			return nil, err
		}
	}
	want, err := s.stamp(chosen)
	if err != nil {
		return nil, err
	}
	if report, ok := s.upToDate(want); ok && !fresh && s.opts.Export == "" {
		return report, nil
	}
	install := s.meter.add("install packages", time.Second, false)
	wheels, err := s.obtain(ctx, chosen.Packages)
	if err != nil {
		return nil, err
	}
	if fresh {
		for i := range chosen.Packages {
			chosen.Packages[i].Requires = wheels[i].requires(chosen)
		}
		if want, err = s.stamp(chosen); err != nil {
			return nil, err
		}
	}
	install.begin()
	report, err := s.install(ctx, chosen.Packages, wheels, want)
	if err != nil {
		return nil, err
	}
	if s.opts.Export != "" {
		if report.Exported, err = s.export(chosen.Packages, wheels); err != nil {
			return nil, err
		}
	}
	if fresh {
		if err := chosen.write(s.opts.Lock); err != nil {
			return nil, err
		}
		report.LockWrote = true
	}
	install.end()
	return report, nil
}

// choose returns what is to be installed: what the lock file says, if it is for
// these dependencies, or a new choice, which is then fresh.
func (s *syncer) choose(ctx context.Context) (chosen *Lock, fresh bool, err error) {
	locked, err := ReadLock(s.opts.Lock)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, false, err
	}
	fits := locked != nil && locked.isFor(s.opts.Dependencies)
	switch {
	case fits && !s.opts.Upgrade:
		return locked, false, nil
	case s.opts.Frozen && locked == nil && len(s.opts.Dependencies) > 0:
		return nil, false, &Error{Kind: ErrFrozen, Message: "there is no " + LockFile, Advice: "run pymode-tui sync without --frozen and commit the file"}
	case s.opts.Frozen && !fits && locked != nil:
		return nil, false, &Error{Kind: ErrFrozen, Message: LockFile + " is not for the dependencies in pyproject.toml", Advice: "run pymode-tui sync without --frozen and commit the file"}
	}
	if len(s.opts.Dependencies) == 0 {
		return newLock(nil, nil), locked != nil, nil
	}
	choosing := s.meter.add("choose versions", 0, false)
	choosing.begin()
	defer choosing.end()
	if s.opts.Upgrade {
		locked = nil
	}
	chosen, err = s.resolve(ctx, locked)
	return chosen, true, err
}

// refuse ends a sync early that can't come to a good end. The user's own choices
// are blamed first, then what these brought with them.
func (s *syncer) refuse(chosen []Package) error {
	var own, brought []Package
	for _, p := range chosen {
		if s.recipes[p.Name] == nil || s.recipes[p.Name].Reason == "" {
			continue
		}
		if slices.ContainsFunc(s.opts.Dependencies, func(d string) bool { name, _ := requirementName(d); return name == p.Name }) {
			own = append(own, p)
		} else {
			brought = append(brought, p)
		}
	}
	for _, p := range append(own, brought...) {
		r := s.recipes[p.Name]
		return &Error{Kind: ErrUnsupported, Package: p.Name, Message: p.Name + " can't work here: " + r.Reason, Advice: r.Alternative}
	}
	return nil
}

func (o Options) withDefaults() (Options, error) {
	if o.CacheDir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return o, fmt.Errorf("find the cache folder: %w", err)
		}
		o.CacheDir = filepath.Join(base, "pymode-tui")
	}
	paths := []*string{&o.CacheDir, &o.Lock, &o.Site}
	for _, path := range []*string{&o.Export, &o.ExportSources} {
		if *path != "" {
			paths = append(paths, path)
		}
	}
	for _, path := range paths {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return o, err
		}
		*path = abs
	}
	if o.store == "" {
		o.store = filepath.Join(o.CacheDir, "packages")
	}
	if o.Jobs <= 0 {
		o.Jobs = runtime.NumCPU()
	}
	if o.Progress == nil {
		o.Progress = func(cpython.Progress) {}
	}
	if o.Building == nil {
		o.Building = func([]string) {}
	}
	if o.Runtime == nil {
		return o, errors.New("packages: no runtime to build for")
	}
	return o, nil
}
