package packages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// exportSources writes the source distributions that are built from into
// [Options.ExportSources], under their own names: each is fetched where the cache
// has it no more, and has the digest of the lock file.
func (s *syncer) exportSources(ctx context.Context, packages []Package) error {
	if err := os.MkdirAll(s.opts.ExportSources, 0o755); err != nil {
		return fmt.Errorf("export sources: %w", err)
	}
	var sources []Package
	for _, p := range packages {
		if p.Kind == KindSource {
			sources = append(sources, p)
		}
	}
	if err := s.fetchAll(ctx, sources); err != nil {
		return err
	}
	for _, p := range sources {
		data, err := os.ReadFile(s.cache.file(p))
		if sum := sha256.Sum256(data); err == nil && hex.EncodeToString(sum[:]) != p.SHA256 {
			err = errors.Join(fmt.Errorf("%s in the cache was damaged: run it again", p.File), os.Remove(s.cache.file(p)))
		}
		if err != nil {
			return fmt.Errorf("export sources: %w", err)
		}
		if err := WriteFile(filepath.Join(s.opts.ExportSources, p.File), data); err != nil {
			return err
		}
	}
	return nil
}
