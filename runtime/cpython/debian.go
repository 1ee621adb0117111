package cpython

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// debianRelease is the release of Debian whose source packages have the
// archives that are pinned.
const debianRelease = "trixie"

// fetchFromDebian gets the source from a mirror of Debian, by an apt that is
// configured for this only: the machine's own lists are read, for the mirror's
// address, and not touched.
func (s source) fetchFromDebian(ctx context.Context, j *job) error {
	aptGet, err := exec.LookPath("apt-get")
	if err != nil {
		return errors.New("this is no Debian-like system, which could have it as a source package")
	}
	mirrors := debianMirrors("/etc/apt")
	if len(mirrors) == 0 {
		return errors.New("no mirror of Debian among the apt sources of this machine")
	}
	var failed []error
	for i, mirror := range mirrors {
		err := s.fetchFromMirror(ctx, j, aptGet, mirror, filepath.Join(j.dir, fmt.Sprintf("apt%d", i)))
		if err == nil {
			return nil
		}
		failed = append(failed, fmt.Errorf("%s: %w", mirror, err))
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failed...)
}

func (s source) fetchFromMirror(ctx context.Context, j *job, aptGet, mirror, dir string) error {
	j.printf("asking the Debian mirror for the source package %s", s.debian)
	for _, sub := range []string{"state/lists/partial", "cache/archives/partial", "download"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	defer func() { _ = os.RemoveAll(dir) }()
	// Trusted without a signature, since old systems lack the release's key;
	// what counts is the pinned digest of the archive.
	list := fmt.Sprintf("deb-src [trusted=yes] %s %s main\n", mirror, debianRelease)
	sources := filepath.Join(dir, "sources.list")
	if err := os.WriteFile(sources, []byte(list), 0o644); err != nil {
		return err
	}
	options := []string{"-q", "-y"}
	for _, o := range []string{
		"Dir::Etc::SourceList=" + sources,
		"Dir::Etc::SourceParts=/dev/null",
		"Dir::State=" + filepath.Join(dir, "state"),
		"Dir::Cache=" + filepath.Join(dir, "cache"),
		"Acquire::Languages=none",
		"Acquire::Retries=2",
		"Acquire::http::Timeout=20",
		"APT::Sandbox::User=root",
	} {
		options = append(options, "-o", o)
	}
	apt := func(args ...string) error {
		return j.run(ctx, command{path: aptGet, args: append(slices.Clone(options), args...), dir: filepath.Join(dir, "download")})
	}
	if err := apt("update"); err != nil {
		return err
	}
	if err := apt("source", "--download-only", "--tar-only", s.debian); err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(dir, "download", "*.orig.tar.*"))
	if err != nil {
		return err
	}
	failed := fmt.Errorf("the source package %s has no archive", s.debian)
	for _, path := range found {
		if strings.HasSuffix(path, ".asc") {
			continue
		}
		if failed = s.keep(j, path); failed == nil {
			return nil
		}
	}
	return failed
}

// debianMirrors are the addresses of Debian mirrors in the apt configuration in
// etc, in order, each once.
func debianMirrors(etc string) []string {
	files := []string{filepath.Join(etc, "sources.list")}
	if entries, err := os.ReadDir(filepath.Join(etc, "sources.list.d")); err == nil {
		for _, e := range entries {
			files = append(files, filepath.Join(etc, "sources.list.d", e.Name()))
		}
	}
	var mirrors []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		var uris []string
		switch filepath.Ext(file) {
		case ".list":
			uris = oneLineURIs(data)
		case ".sources":
			uris = deb822URIs(data)
		}
		for _, uri := range uris {
			if isDebianMirror(uri) && !slices.Contains(mirrors, uri) {
				mirrors = append(mirrors, uri)
			}
		}
	}
	return mirrors
}

// isDebianMirror tells Debian's own archive from others that apt may know: it
// is at a path that ends in /debian by a custom that all mirrors keep.
func isDebianMirror(uri string) bool {
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok || (scheme != "http" && scheme != "https") {
		return false
	}
	return strings.HasSuffix(strings.TrimRight(rest, "/"), "/debian")
}

// oneLineURIs reads apt's one-line format: `deb [option=value …] uri suite component…`.
func oneLineURIs(data []byte) []string {
	var uris []string
	for line := range bytes.Lines(data) {
		text, _, _ := strings.Cut(string(line), "#")
		kind, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
		if kind != "deb" && kind != "deb-src" {
			continue
		}
		rest = strings.TrimSpace(rest)
		if strings.HasPrefix(rest, "[") {
			_, after, ok := strings.Cut(rest, "]")
			if !ok {
				continue
			}
			rest = after
		}
		if fields := strings.Fields(rest); len(fields) > 0 {
			uris = append(uris, fields[0])
		}
	}
	return uris
}

// deb822URIs reads apt's stanza format, of which only `URIs`, `Types` and
// `Enabled` matter here. A field goes on over lines that begin with a blank.
func deb822URIs(data []byte) []string {
	var uris []string
	stanza := map[string]string{}
	field := ""
	end := func() {
		if !strings.EqualFold(strings.TrimSpace(stanza["enabled"]), "no") && strings.Contains(stanza["types"], "deb") {
			uris = append(uris, strings.Fields(stanza["uris"])...)
		}
		stanza, field = map[string]string{}, ""
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, len(data)+1)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.TrimSpace(line) == "":
			end()
		case line[0] == ' ' || line[0] == '\t':
			if field != "" {
				stanza[field] += " " + line
			}
		default:
			name, value, ok := strings.Cut(line, ":")
			if !ok {
				continue
			}
			field = strings.ToLower(strings.TrimSpace(name))
			stanza[field] = value
		}
	}
	end()
	return uris
}
