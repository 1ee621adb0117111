package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"strings"
)

// What a revision may hold.
const (
	maxRevisionFiles = 100_000
	maxRevisionBytes = 1 << 30
)

// checkOut writes the project in dir as it was at a git revision to a temporary
// directory, which is the caller's to remove. Nothing of the repository changes.
func checkOut(ctx context.Context, dir, revision string) (_ string, err error) {
	commit, err := git(ctx, dir, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	if err != nil {
		return "", usagef("--against %s: it is neither a directory nor a revision of the project's git repository", revision)
	}
	target, err := os.MkdirTemp("", "pymode-against-*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(target))
		}
	}()
	archive := exec.CommandContext(ctx, "git", "-C", dir, "archive", "--format=tar", commit) // of dir alone, since it is where git runs
	var complaint strings.Builder
	archive.Stderr = &complaint
	out, err := archive.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := archive.Start(); err != nil {
		return "", fmt.Errorf("git: %w", err)
	}
	unpacked := unpack(out, target)
	if unpacked != nil {
		_ = archive.Process.Kill()
	}
	if err := archive.Wait(); err != nil && unpacked == nil {
		return "", fmt.Errorf("revision %s: git archive: %s", revision, oneLine(complaint.String()))
	}
	if unpacked != nil {
		return "", fmt.Errorf("revision %s: %w", revision, unpacked)
	}
	return target, nil
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...).Output()
	return strings.TrimSpace(string(out)), err
}

// unpack writes the files of a tar archive below dir; links that lead out of it
// come to nothing.
func unpack(archive io.Reader, dir string) (err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	files, left := 0, int64(maxRevisionBytes)
	for r := tar.NewReader(archive); ; {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if files++; files > maxRevisionFiles || head.Size > left {
			return fmt.Errorf("the project has more than %d files or %d MB", maxRevisionFiles, maxRevisionBytes>>20)
		}
		left -= head.Size
		if err := unpackOne(root, head, r); err != nil {
			return err
		}
	}
}

func unpackOne(root *os.Root, head *tar.Header, content io.Reader) error {
	name := path.Clean(head.Name)
	switch head.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeSymlink:
		return root.Symlink(head.Linkname, name)
	case tar.TypeReg:
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, content)
		return errors.Join(err, f.Close())
	}
	return nil // git's own header
}
