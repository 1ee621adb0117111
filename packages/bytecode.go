package packages

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"pymode-tui/runtime/cpython"

	"golang.org/x/sync/errgroup"
)

// guestSite is what the guest calls site-packages.
const guestSite = "/site"

// compileSite writes bytecode beside the modules in dir, which the guest, who can
// write nothing, would else compile anew whenever it starts: numpy takes four
// seconds of CPU time then.
func (s *syncer) compileSite(ctx context.Context, dir string) error {
	python, library, err := cpython.Native(ctx, cpython.Options{CacheDir: s.opts.CacheDir, Progress: func(p cpython.Progress) { s.meter.line(p.Step + " " + p.Line) }})
	if err != nil {
		return err
	}
	scratch, remove, err := s.cache.scratch("bytecode")
	if err != nil {
		return err
	}
	defer remove()
	script := filepath.Join(scratch, "compile_site.py")
	if err := os.WriteFile(script, []byte(driverFile("compile_site.py")), 0o644); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for part := range s.opts.Jobs {
		group.Go(func() error {
			_, err := command{
				path: python, args: []string{"-S", script, dir, guestSite, strconv.Itoa(part), strconv.Itoa(s.opts.Jobs)},
				dir: scratch, env: plainEnv("PYTHONPATH=" + library),
			}.run(ctx)
			if err != nil {
				return fmt.Errorf("compile the packages to bytecode: %w", err)
			}
			return nil
		})
	}
	return group.Wait()
}
