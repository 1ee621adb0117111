package packages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"pymode-tui/runtime/cpython"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/sync/errgroup"
)

// obtain returns the wheel of each package, in their order: fetched or built.
func (s *syncer) obtain(ctx context.Context, packages []Package) ([]*wheel, error) {
	sources := slices.Clone(packages)
	wheels := make([]*wheel, len(packages))
	built := make([]bool, len(packages))
	var missing []Package
	for i, p := range packages {
		if p.Kind == KindWheel {
			continue
		}
		w, err := s.find(ctx, p)
		if err != nil {
			return nil, err
		}
		if w == nil {
			w, _ = openWheel(s.builtWheel(p)) // built before, or not
		}
		if w != nil {
			wheels[i] = w
			continue
		}
		missing = append(missing, p)
		if r := s.recipes[p.Name]; r != nil {
			for _, l := range r.Libraries {
				sources = append(sources, l.source())
			}
		}
	}
	if err := s.announce(missing); err != nil {
		return nil, err
	}
	// What is built already needs no source.
	sources = slices.DeleteFunc(sources, func(p Package) bool {
		i := slices.IndexFunc(packages, func(other Package) bool { return other.SHA256 == p.SHA256 })
		return i >= 0 && wheels[i] != nil
	})
	if err := s.fetchAll(ctx, sources); err != nil {
		return nil, err
	}
	stages := make([]*stage, len(packages))
	for i, p := range packages {
		if wheels[i] != nil || p.Kind == KindWheel {
			stages[i] = s.meter.add("take "+p.Name+" "+p.Version, 100*time.Millisecond, false)
			continue
		}
		took, remembered := s.expect(p)
		stages[i] = s.meter.add(s.buildTitle(p), took, remembered)
	}
	defer s.meter.tick(ctx)()
	tools := sync.OnceValues(func() (*toolchain, error) { return s.newToolchain(ctx) })
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(s.opts.Jobs)
	for i, p := range packages {
		group.Go(func() (err error) {
			stages[i].begin()
			defer stages[i].end()
			switch {
			case wheels[i] != nil:
			case p.Kind == KindWheel:
				wheels[i], err = openWheel(s.cache.file(p))
			default:
				built[i] = true
				var t *toolchain
				if t, err = tools(); err == nil {
					wheels[i], err = s.build(ctx, t, p, stages[i].line)
				}
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i, w := range wheels {
		w.built = built[i]
	}
	return wheels, nil
}

// announce says what is going to be built, or refuses that: it may take minutes.
func (s *syncer) announce(packages []Package) error {
	if len(packages) == 0 {
		return nil
	}
	var names []string
	for _, p := range packages {
		names = append(names, strings.TrimPrefix(s.buildTitle(p), "build "))
	}
	if s.opts.NoBuild {
		return &Error{
			Kind: ErrFrozen, Package: packages[0].Name, Message: "not built on this machine: " + strings.Join(names, "; "),
			Advice: "run it without --no-build, or give the folder of their wheels with --find-links",
		}
	}
	s.opts.Building(names)
	return nil
}

// buildTitle is how a build is announced: with how long it may take, where that is
// remembered of this machine, or a recipe knows that it is long.
func (s *syncer) buildTitle(p Package) string {
	title := "build " + p.Name + " " + p.Version
	if took, remembered := s.expect(p); remembered || took > unknownDuration {
		title += ", about " + about(took)
	}
	return title
}

// builtWheel is where the wheel of a source distribution is or will be. All that
// decides what it holds enters the name.
func (s *syncer) builtWheel(p Package) string {
	parts := []string{"2", p.SHA256, s.opts.Runtime.Interface, cpython.ZigVersion}
	if r := s.recipes[p.Name]; r != nil {
		parts = append(parts, r.text)
	}
	for _, name := range driverFiles() {
		parts = append(parts, driverFile(name))
	}
	return s.cache.path("wheels", digest(parts...)[:16], strings.ReplaceAll(p.Name, "-", "_")+"-"+p.Version+"-cp313-cp313-wasi_wasm32.whl")
}

// build is one package on its way from a source distribution to a wheel.
type build struct {
	p            Package
	recipe       *recipe
	tools        *toolchain
	dir          string   // of all of it
	source       string   // the unpacked distribution
	requirements string   // the folder that the backend and what it needs are installed into
	rust         *rust    // the compiler, where the package is in Rust
	path         []string // folders of programs, before the machine's
	profiles     []string // of cargo, besides release, that the package is built by
	cflags       []string
	ldflags      []string
	line         func(string)
	began        time.Time // compiling, when all that it needs was there
}

// build builds the wheel of a source distribution, or finds that another process did.
func (s *syncer) build(ctx context.Context, t *toolchain, p Package, line func(string)) (*wheel, error) {
	target := s.builtWheel(p)
	unlock, err := lockFile(ctx, filepath.Dir(target)+".lock")
	if err != nil {
		return nil, err
	}
	defer unlock()
	if w, err := openWheel(target); err == nil {
		return w, nil
	}
	dir, remove, err := s.cache.scratch(p.Name)
	if err != nil {
		return nil, err
	}
	defer remove()
	b := &build{p: p, recipe: s.recipes[p.Name], tools: t, dir: dir, requirements: filepath.Join(dir, "requirements"), line: line}
	if b.recipe == nil {
		b.recipe = &recipe{}
	}
	made, err := s.buildIn(ctx, b)
	if err != nil {
		return nil, s.buildError(ctx, p, err)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return nil, err
	}
	if err := repack(made, target, b); err != nil {
		return nil, err
	}
	_ = s.cache.remember(p.Name, time.Since(b.began)) // for estimates only
	return openWheel(target)
}

// buildIn calls the build backend and returns the path of the wheel that it made.
func (s *syncer) buildIn(ctx context.Context, b *build) (string, error) {
	var err error
	for _, name := range []string{"home", "tmp", "out", "requirements"} {
		if err := os.MkdirAll(filepath.Join(b.dir, name), 0o755); err != nil {
			return "", err
		}
	}
	if b.source, err = unpackSource(s.cache.file(b.p), filepath.Join(b.dir, "source")); err != nil {
		return "", err
	}
	if err := patchSource(b.source, b.recipe.Patches); err != nil {
		return "", err
	}
	if err := replaceInSource(b.source, b.recipe.Replace); err != nil {
		return "", err
	}
	b.cflags = append(b.cflags, b.recipe.CFlags...)
	for i := range b.recipe.Libraries {
		if err := s.buildLibrary(ctx, b, &b.recipe.Libraries[i]); err != nil {
			return "", err
		}
	}
	system, err := readBuildSystem(b.source)
	if err != nil {
		return "", err
	}
	if system.usesRust() {
		// Before anything is fetched: it may not be there.
		if b.rust, err = s.rust(); err != nil {
			return "", err
		}
		b.path = []string{b.rust.bin}
	}
	if err := s.require(ctx, b, append(system.Requires, b.recipe.Requires...)); err != nil {
		return "", err
	}
	b.began = time.Now()
	if system.Backend == maturinBackend {
		if err := s.maturin(ctx, b); err != nil {
			return "", err
		}
		return onlyWheel(filepath.Join(b.dir, "out"))
	}
	var more []string
	if err := s.backend(ctx, b, system, "requires", &more); err != nil {
		return "", err
	}
	if err := s.require(ctx, b, more); err != nil {
		return "", err
	}
	var name string
	if err := s.backend(ctx, b, system, "wheel", &name); err != nil {
		return "", err
	}
	return filepath.Join(b.dir, "out", filepath.Base(name)), nil
}

// buildSystem is [build-system] of a pyproject.toml.
type buildSystem struct {
	Requires []string `toml:"requires"`
	Backend  string   `toml:"build-backend"`
	Path     []string `toml:"backend-path"`
}

func readBuildSystem(source string) (*buildSystem, error) {
	var file struct {
		System *buildSystem `toml:"build-system"`
	}
	data, err := os.ReadFile(filepath.Join(source, "pyproject.toml"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := toml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("its pyproject.toml: %w", err)
	}
	system := file.System
	if system == nil {
		system = &buildSystem{Requires: []string{"setuptools>=40.8.0"}}
	}
	if system.Backend == "" {
		system.Backend = "setuptools.build_meta:__legacy__"
	}
	return system, nil
}

// usesRust reports whether the backend compiles Rust.
func (b *buildSystem) usesRust() bool {
	return slices.ContainsFunc(b.Requires, func(requirement string) bool {
		name, _ := requirementName(requirement)
		return name == "maturin" || name == "setuptools-rust"
	})
}

// buildEnvironment is that of a package's build backend.
func (s *syncer) buildEnvironment(b *build) []string {
	env := b.tools.environment(s, b)
	if b.rust != nil {
		env = append(env, b.rust.environment(s, b.tools, b.profiles...)...)
	}
	for name, value := range b.recipe.Env {
		env = append(env, name+"="+value)
	}
	return env
}

// require installs build requirements for the machine that builds.
func (s *syncer) require(ctx context.Context, b *build, requirements []string) error {
	if len(requirements) == 0 {
		return nil
	}
	args := append([]string{"pip", "install", "--quiet", "--python", b.tools.python.path, "--target", b.requirements}, requirements...)
	_, err := s.runUV(ctx, b.dir, args...)
	if err != nil {
		return fmt.Errorf("install what the build needs: %w", explain(err))
	}
	return nil
}

// backend calls a hook of the build backend in a process of its own.
func (s *syncer) backend(ctx context.Context, b *build, system *buildSystem, task string, answer any) error {
	result := filepath.Join(b.dir, "result.json")
	paths := []string{}
	for _, p := range system.Path {
		paths = append(paths, filepath.Join(b.source, filepath.FromSlash(p)))
	}
	settings, err := s.configSettings(b, system)
	if err != nil {
		return err
	}
	order, err := json.Marshal(map[string]any{
		"backend": system.Backend, "path": paths, "task": task, "settings": settings,
		"output": filepath.Join(b.dir, "out"), "result": result,
	})
	if err != nil {
		return err
	}
	_, err = command{
		path: b.tools.python.path, args: []string{"-S", filepath.Join(b.tools.dir, "build_wheel.py"), string(order)},
		dir: b.source, env: s.buildEnvironment(b), line: b.line,
	}.run(ctx)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(result)
	if err != nil {
		return fmt.Errorf("the build backend gave no answer: %w", err)
	}
	return json.Unmarshal(data, answer)
}

// buildLibrary compiles a static library for the package to be linked with.
func (s *syncer) buildLibrary(ctx context.Context, b *build, l *library) error {
	source, err := unpackSource(s.cache.file(l.source()), filepath.Join(b.dir, "lib"+l.Name))
	if err != nil {
		return err
	}
	include, lib := filepath.Join(b.dir, "include"), filepath.Join(b.dir, "lib")
	for _, dir := range []string{include, lib} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	env := b.tools.environment(s, b)
	archive := []string{"rcs", filepath.Join(lib, "lib"+l.Name+".a")}
	for i, name := range l.Sources {
		object := filepath.Join(lib, fmt.Sprintf("%s-%d.o", l.Name, i))
		args := append(slices.Clone(l.CFlags), "-c", filepath.FromSlash(name), "-o", object)
		if _, err := (command{path: b.tools.tool("cc"), args: args, dir: source, env: env, line: b.line}).run(ctx); err != nil {
			return err
		}
		archive = append(archive, object)
	}
	if _, err := (command{path: b.tools.tool("ar"), args: archive, dir: source, env: env, line: b.line}).run(ctx); err != nil {
		return err
	}
	for _, name := range l.Headers {
		data, err := os.ReadFile(filepath.Join(source, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(include, filepath.Base(name)), data, 0o644); err != nil {
			return err
		}
	}
	b.cflags = append(b.cflags, "-I"+include)
	b.ldflags = append(b.ldflags, "-L"+lib)
	return nil
}
