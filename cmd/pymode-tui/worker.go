package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"pymode-tui/packages"
	"pymode-tui/project"
	"pymode-tui/runtime"
	"pymode-tui/runtime/cpython"
)

// engineConfig finds the runtime, and builds it where that has not been done.
func engineConfig(ctx context.Context, f *workerFlags, progress func(cpython.Progress)) (runtime.EngineConfig, *cpython.Runtime, error) {
	opts := cpython.Options{CacheDir: f.cacheDir, Progress: progress}
	built, err := cpython.Build(ctx, opts)
	if err != nil {
		return runtime.EngineConfig{}, nil, err
	}
	cacheDir := f.cacheDir
	if cacheDir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return runtime.EngineConfig{}, nil, err
		}
		cacheDir = filepath.Join(user, "pymode-tui")
	}
	config := runtime.EngineConfig{
		Wasm: built.Wasm, LibDir: filepath.Dir(built.Stdlib), Digest: built.Digest, CacheDir: cacheDir,
	}
	if f.binary == "" {
		return config, built, nil
	}
	if config, err = config.WithBinary(f.binary); err != nil {
		return config, nil, fmt.Errorf("--binary: %w", err)
	}
	return config, built, nil
}

// workerConfig is a project as the runtime wants it.
func workerConfig(p *project.Project, f *workerFlags, bindings *bindings, observe func(runtime.Event)) runtime.Config {
	c := runtime.Config{
		Name: p.Name, Dir: p.Dir, Module: p.Module, Path: p.Path,
		Env:          map[string]runtime.Binding{},
		Secrets:      map[string]string{},
		SitePackages: siteDir(p), // it may come later
		MemoryLimit:  int64(f.memoryLimit),
		CPULimit:     f.cpuLimit,
		Bindings:     bindings.of(p),
		Observe:      observe,
		WholeImport:  f.wholeImport,
	}
	if p.Limits.CPU > 0 {
		c.CPULimit = p.Limits.CPU
	}
	for name, value := range p.Vars {
		c.Env[name] = runtime.Binding{Kind: "var", Value: value}
	}
	for name, secret := range p.Secrets {
		c.Env[name] = runtime.Binding{Kind: "secret", Value: secret.Reveal()}
		c.Secrets[name] = secret.Reveal()
	}
	for _, b := range p.Bindings {
		c.Env[b.Name] = runtime.Binding{Kind: string(b.Kind), Target: b.Target}
	}
	return c
}

// siteDir is where a project's packages are installed.
func siteDir(p *project.Project) string { return filepath.Join(p.Dir, ".pymode", "site-packages") }

// loneWorker is one worker without a session around it.
type loneWorker struct {
	*runtime.Worker
	engine   *runtime.Engine
	bindings *bindings
}

// openWorker loads a project and imports it: what commands without a console
// start with.
func openWorker(ctx context.Context, dir string, f *workerFlags, progress func(cpython.Progress), observe func(runtime.Event)) (_ *loneWorker, err error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	p, err := project.Load(dir)
	if err != nil {
		return nil, err
	}
	notify := func(text string) {
		if observe != nil {
			observe(runtime.Notice{At: time.Now(), Text: text})
		}
	}
	w := &loneWorker{}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close(ctx))
		}
	}()
	if w.bindings, err = openBindings(f, notify, alone); err != nil {
		return nil, err
	}
	config, _, err := engineConfig(ctx, f, progress)
	if err != nil {
		return nil, err
	}
	settings := workerConfig(p, f, w.bindings, observe)
	if w.engine, err = runtime.NewEngine(ctx, config, settings); err != nil {
		return nil, err
	}
	if warning := w.engine.Warning(); warning != "" {
		notify(warning)
	}
	if w.Worker, err = w.engine.NewWorker(settings); err != nil {
		return nil, err
	}
	if len(p.Dependencies) > 0 && packages.InstalledAt(siteDir(p)).IsZero() {
		notify("the dependencies are not installed: pymode-tui sync " + dir)
	}
	w.bindings.prepare(ctx, p)
	w.Reload(ctx, nil)
	return w, nil
}

// close ends the worker and what it was run by.
func (w *loneWorker) close(ctx context.Context) error {
	var errs []error
	if w.Worker != nil {
		w.Close()
	}
	if w.engine != nil {
		errs = append(errs, w.engine.Close(context.WithoutCancel(ctx)))
	}
	if w.bindings != nil {
		errs = append(errs, w.bindings.close())
	}
	return errors.Join(errs...)
}
