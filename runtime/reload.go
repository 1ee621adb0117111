package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"pymode-tui/runtime/dylink"
	"pymode-tui/runtime/image"
)

// importer is an instance on a fork of the base image, made ahead, in which the
// next version of the code will be imported.
type importer struct {
	draft    *image.Draft
	instance *instance
	project  *projectFiles
	layer    *layer // that the draft is a fork of, nil for the base
	err      error
}

func (i *importer) discard() {
	if i.instance != nil {
		i.instance.close()
	}
	if i.draft != nil {
		i.draft.Discard()
	}
	if i.project != nil {
		i.project.close()
	}
}

// prepare makes the next importer in the background.
func (w *Worker) prepare() {
	w.background.Go(func() {
		i := w.newImporter()
		select {
		case w.importers <- i:
		default:
			i.discard()
		}
	})
}

func (w *Worker) newImporter() (i *importer) {
	i = &importer{}
	defer func() {
		if i.err != nil {
			i.discard()
			*i = importer{err: i.err}
		}
	}()
	if i.project, i.err = openProject(w.settings().Dir); i.err != nil {
		return i
	}
	var plan *dylink.Plan
	w.openLayer()
	if i.layer, i.draft, i.err = w.layers.fork(w.engine.base, w.settings().SitePackages, w.settings().MemoryLimit); i.err != nil {
		return i
	}
	if i.layer != nil {
		plan = i.layer.plan
	}
	memory, err := i.draft.Memory()
	if err != nil {
		i.err = err
		return i
	}
	i.instance, i.err = w.engine.instantiate(context.Background(), w.engine.guest, memory, uint32(i.draft.Size()/image.PageSize),
		i.project, w.siteFiles(), plan)
	return i
}

// nextImporter returns the importer made ahead, or a new one where the project's
// directory or what it was forked from is another one by now.
func (w *Worker) nextImporter() *importer {
	i := <-w.importers
	w.prepare()
	if i.err == nil && (i.project.moved(w.settings().Dir) || i.layer != w.layers.get(w.settings().SitePackages)) {
		i.discard()
		return w.newImporter()
	}
	if i.err != nil { // it may have been the directory's absence
		return w.newImporter()
	}
	return i
}

// Reload imports the project's code as it is now and answers with it from then
// on. Requests that come in meanwhile wait. Files says what changed, for the
// event. An import under way is given up, since its files are old. Where the
// import fails, the worker's state says so, and requests get the traceback.
func (w *Worker) Reload(ctx context.Context, files []string) {
	w.advance(ctx, files, w.load)
}

// Break makes requests fail with f until the next reload: for a project whose
// files make no sense.
func (w *Worker) Break(ctx context.Context, files []string, f *Failure) {
	w.advance(ctx, files, func(_ context.Context, number int) *generation {
		g := w.newGeneration(number)
		g.failure = f
		return g
	})
}

// advance makes the next generation by load, and answers with it.
func (w *Worker) advance(ctx context.Context, files []string, load func(context.Context, int) *generation) {
	w.mu.Lock()
	if w.isClosed {
		w.mu.Unlock()
		return
	}
	if w.stop != nil {
		w.stop()
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	w.stop = stop
	w.number++
	number := w.number
	if isClosed(w.settled) {
		w.settled = make(chan struct{})
	}
	w.mu.Unlock()

	w.reloading.Lock()
	defer w.reloading.Unlock()
	if ctx.Err() != nil && !w.isLatest(number) {
		return // a later reload has taken over
	}
	w.setState(StateChanged{State: StateImporting, Generation: number, Files: files})
	start := time.Now()
	g := load(ctx, number)
	if !w.isLatest(number) {
		g.retire()
		return
	}
	g.refill()
	w.mu.Lock()
	old, settled := w.current, w.settled
	if w.isClosed {
		w.mu.Unlock()
		g.retire()
		return
	}
	w.current, w.stop = g, nil
	w.mu.Unlock()
	state := StateChanged{
		State: StateReady, Generation: number, Files: files, Error: g.failure,
		Duration: time.Since(start).Microseconds(), CPU: g.cpu.Microseconds(),
	}
	if g.failure != nil {
		state.State = StateImportFailed
	}
	w.setState(state)
	close(settled)
	if old != nil {
		old.retire()
	}
}

// isLatest reports whether no reload was asked for after this one.
func (w *Worker) isLatest(number int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.number == number && !w.isClosed
}

// loadConfig is what pymode._worker.load reads.
type loadConfig struct {
	Name   string          `json:"name"`
	Module string          `json:"module"`
	Root   string          `json:"root"`
	Path   []string        `json:"path"`
	Env    json.RawMessage `json:"env,omitempty"`

	// Packages are modules to import, and nothing else.
	Packages []string `json:"packages,omitempty"`
}

func (w *Worker) newGeneration(number int) *generation {
	g := &generation{number: number, worker: w, settings: w.settings(), ready: make(chan *instance, maxReady)}
	g.pattern.Store(w.pattern.Load())
	return g
}

// load imports the code in an importer; a generation always comes of it.
func (w *Worker) load(ctx context.Context, number int) *generation {
	g := w.newGeneration(number)
	i := w.nextImporter()
	if i.err != nil {
		g.failure = &Failure{Kind: FailureImport, Message: i.err.Error()}
		return g
	}
	g.project = i.project
	var err error
	if g.env, err = json.Marshal(w.settings().Env); err == nil {
		err = w.importInto(ctx, g, i)
	}
	i.project.settle()
	size := int64(i.instance.module.Memory().Size())
	if i.instance.linker != nil {
		g.plan = i.instance.linker.Plan()
	}
	i.instance.close()
	if g.failure == nil && err == nil {
		g.image, err = i.draft.Freeze(size)
	}
	if g.image == nil {
		i.draft.Discard()
	}
	if err != nil && g.failure == nil {
		g.failure = &Failure{Kind: FailureImport, Message: err.Error()}
	}
	return g
}

// importInto runs the import and reports what it logged.
func (w *Worker) importInto(ctx context.Context, g *generation, i *importer) error {
	config := loadConfig{Name: w.settings().Name, Module: w.settings().Module, Root: guestApp, Env: g.env}
	for _, dir := range w.settings().Path {
		config.Path = append(config.Path, guestPath(dir))
	}
	config.Path = append(config.Path, guestSite)
	document, err := json.Marshal(config)
	if err != nil {
		return err
	}
	x := newExecution(executionConfig{
		engine: w.engine, cpuLimit: w.settings().ImportLimit, wallLimit: w.settings().WallLimit,
		env: g.settings.Env, bindings: g.settings.Bindings, caller: CallerInfo{Worker: w.settings().Name},
		onCall: func(c Call) {
			w.settings().observe(Called{Worker: w.settings().Name, At: time.Now(), Generation: g.number, Call: c})
		},
		onModule: func(m Module) {
			w.settings().observe(Loaded{Worker: w.settings().Name, At: time.Now(), Generation: g.number, Module: m})
		},
		onLog: func(l Log) {
			w.settings().observe(Logged{Worker: w.settings().Name, At: time.Now(), Generation: g.number, Log: l})
		},
	})
	i.tellModules(x.onModule)
	var cost usage
	err = x.run(ctx, i.instance, func(ctx context.Context) error {
		defer func() { cost = x.cost() }()
		p, err := i.instance.write(ctx, document)
		if err != nil {
			return err
		}
		return i.instance.check(ctx, "pm_load", p, uint64(len(document)))
	})
	if note, ok := x.logs.note(cost.wall.Microseconds()); ok {
		x.onLog(note)
	}
	g.cpu, g.imports = i.cost(cost.cpu, &x.imports)
	w.settings().observe(Imported{Worker: w.settings().Name, At: time.Now(), Generation: g.number, Imports: list(g.imports)})
	g.failure = x.importFailure(err, g.settings)
	if g.failure == nil {
		defer w.updateLayer(g, i, x)
	}
	if g.failure == nil && g.cpu > PlatformImportLimit*8/10 {
		x.log("warning", fmt.Sprintf("the import used %d ms of CPU time: the platform gives %d ms at start-up",
			g.cpu.Milliseconds(), PlatformImportLimit.Milliseconds()))
	}
	return nil
}

// importFailure says why an import is not one, nil where it is.
func (x *execution) importFailure(err error, config *settings) *Failure {
	frames := x.stopped
	if x.failure != nil {
		frames = x.failure.Traceback
	}
	failed := func(format string, args ...any) *Failure {
		return &Failure{Kind: FailureImport, Message: fmt.Sprintf(format, args...), Traceback: frames}
	}
	if errors.Is(err, errCPU) || x.softStop > 0 {
		return failed("the import used up its %v of CPU time%s", config.ImportLimit, at(frames))
	}
	if x.failure != nil {
		x.failure.Kind = FailureImport
		return x.failure
	}
	if code, ok := exitCode(err); ok {
		return failed("the import ended the process with exit code %d", code)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errWall):
		return failed("the import took longer than %v%s", config.WallLimit, at(frames))
	case errors.Is(err, errCancelled):
		return failed("the import was given up: there is newer code")
	default:
		return failed("the import crashed the interpreter: %v", firstLine(err))
	}
}
