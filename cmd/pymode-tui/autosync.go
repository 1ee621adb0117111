package main

import (
	"context"
	"path/filepath"
	"strings"

	"pymode-tui/packages"
	"pymode-tui/project"
	"pymode-tui/runtime/cpython"
)

// syncPackages installs what a project depends on, where its dependencies are
// others than those that were installed last. It runs beside the workers: what is
// there answers until the new packages are, upon which the worker is reloaded.
func (s *session) syncPackages(ctx context.Context, v *served, p *project.Project) {
	wanted := strings.Join(p.Dependencies, "\n")
	v.syncing.Lock()
	defer v.syncing.Unlock()
	if v.synced == wanted && (wanted == "" || !packages.InstalledAt(siteDir(p)).IsZero()) {
		return
	}
	if wanted == "" && packages.InstalledAt(siteDir(p)).IsZero() {
		v.synced = wanted
		return
	}
	built, err := cpython.Build(ctx, cpython.Options{CacheDir: s.flags.cacheDir})
	if err != nil {
		return // the session tells of that
	}
	report, err := packages.Sync(ctx, packages.Options{
		Dependencies: p.Dependencies, Lock: filepath.Join(p.Dir, packages.LockFile), Site: siteDir(p),
		CacheDir: s.flags.cacheDir, Runtime: built, Offline: s.flags.offline, FindLinks: findLinks(p, nil),
		Building: func(names []string) { s.notice("%s: building from source: %s", p.Name, strings.Join(names, "; ")) },
	})
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		text := err.Error()
		if h := hint(err); h != "" {
			text += " (" + h + ")"
		}
		s.notice("%s: %s", p.Name, text)
		return
	case report.Changed:
		s.notice("%s: installed %s", p.Name, count(len(report.Packages), "package"))
	}
	v.synced = wanted
}
