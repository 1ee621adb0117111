package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"pymode-tui/mocks"
	"pymode-tui/mocks/network"
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
	return runtime.EngineConfig{
		Wasm: built.Wasm, LibDir: filepath.Dir(built.Stdlib), Digest: built.Digest, CacheDir: cacheDir,
	}, built, nil
}

// workerConfig is a project as the runtime wants it.
func workerConfig(p *project.Project, f *workerFlags, bindings runtime.Bindings, observe func(runtime.Event)) runtime.Config {
	c := runtime.Config{
		Name: p.Name, Dir: p.Dir, Module: p.Module, Path: p.Path,
		Env:         map[string]runtime.Binding{},
		MemoryLimit: int64(f.memoryLimit),
		CPULimit:    f.cpuLimit,
		Bindings:    bindings,
		Observe:     observe,
	}
	if p.Limits.CPU > 0 {
		c.CPULimit = p.Limits.CPU
	}
	if dir := filepath.Join(p.Dir, ".pymode", "site-packages"); isDir(dir) {
		c.SitePackages = dir
	}
	for name, value := range p.Vars {
		c.Env[name] = runtime.Binding{Kind: "var", Value: value}
	}
	for name, secret := range p.Secrets {
		c.Env[name] = runtime.Binding{Kind: "secret", Value: secret.Reveal()}
		c.Secrets = append(c.Secrets, secret.Reveal())
	}
	for _, b := range p.Bindings {
		c.Env[b.Name] = runtime.Binding{Kind: string(b.Kind)}
	}
	return c
}

// openBindings connects workers to what answers their host calls, until ctx is done.
func openBindings(ctx context.Context, f *workerFlags) (runtime.Bindings, error) {
	n, err := network.New(network.Config{Offline: f.offline, Allow: f.allow})
	if err != nil {
		return nil, usagef("--allow: %v", err)
	}
	context.AfterFunc(ctx, func() { _ = n.Close() })
	return mocks.New(n), nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// openWorker loads a project and imports it: what commands without a console
// start with. The engine is the caller's to close, after the worker.
func openWorker(ctx context.Context, dir string, f *workerFlags, progress func(cpython.Progress), observe func(runtime.Event)) (*runtime.Worker, *runtime.Engine, error) {
	if err := f.check(); err != nil {
		return nil, nil, err
	}
	p, err := project.Load(dir)
	if err != nil {
		return nil, nil, err
	}
	bindings, err := openBindings(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	config, _, err := engineConfig(ctx, f, progress)
	if err != nil {
		return nil, nil, err
	}
	engine, err := runtime.NewEngine(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	if warning := engine.Warning(); warning != "" && observe != nil {
		observe(runtime.Notice{At: time.Now(), Text: warning})
	}
	w, err := engine.NewWorker(workerConfig(p, f, bindings, observe))
	if err != nil {
		return nil, nil, errors.Join(err, engine.Close(ctx))
	}
	w.Reload(ctx, nil)
	return w, engine, nil
}
