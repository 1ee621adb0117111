package packages

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"pymode-tui/runtime/cpython"

	"github.com/pelletier/go-toml/v2"
)

// guestVersion is the guest's Python as packages know it.
const guestVersion = "3.13"

// environment is the guest as markers see it: what platform.machine() and its like
// return there. Nothing else is considered when versions are chosen.
func environment() string {
	return "sys_platform == 'wasi' and platform_machine == 'wasm32' and platform_system == 'wasi' and os_name == 'posix'" +
		" and implementation_name == 'cpython' and platform_python_implementation == 'CPython'" +
		" and python_full_version == '" + cpython.PythonVersion + "'"
}

// projectName is what uv is told that the project is called.
const projectName = "pymode-worker"

// resolve chooses versions. What locked has already stays where it can.
func (s *syncer) resolve(ctx context.Context, locked *Lock) (*Lock, error) {
	for _, requirement := range s.opts.Dependencies {
		name, ok := requirementName(requirement)
		if !ok {
			return nil, &Error{Kind: ErrRequirement, Message: fmt.Sprintf("dependencies: %q is not a requirement", requirement), Advice: `write "name", "name>=1.2" or "name==1.2.3"`}
		}
		if before, _, _ := strings.Cut(requirement, ";"); strings.Contains(before, "@") {
			return nil, notOfIndex(name)
		}
	}
	packages, err := s.ask(ctx, s.opts.Dependencies, locked, false)
	if err != nil {
		return nil, err
	}
	return newLock(s.opts.Dependencies, packages), nil
}

// locate finds out where the index has files of the lock file, which names no host.
func (s *syncer) locate(ctx context.Context, missing []Package) (map[string]string, error) {
	var pins []string
	for _, p := range missing {
		pins = append(pins, p.Name+"=="+p.Version)
	}
	found, err := s.askAll(ctx, pins, nil, true)
	if err != nil {
		return nil, err
	}
	urls := map[string]string{}
	for _, f := range found {
		for _, file := range f.files() {
			urls[file.name()] = file.location()
		}
	}
	return urls, nil
}

func (s *syncer) ask(ctx context.Context, requirements []string, locked *Lock, noDeps bool) ([]Package, error) {
	found, err := s.askAll(ctx, requirements, locked, noDeps)
	if err != nil {
		return nil, err
	}
	var packages []Package
	for _, f := range found {
		p, err := f.choose(s.recipes[Normalize(f.Name)])
		if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
	return packages, nil
}

// askAll lets uv resolve requirements for the guest and returns all that the index
// has of what was chosen.
func (s *syncer) askAll(ctx context.Context, requirements []string, locked *Lock, noDeps bool) ([]found, error) {
	dir, remove, err := s.cache.scratch("resolve")
	if err != nil {
		return nil, err
	}
	defer remove()
	python, err := s.python()
	if err != nil {
		return nil, err
	}
	input := map[string]any{
		"project": map[string]any{"name": projectName, "version": "0", "requires-python": ">=" + guestVersion, "dependencies": requirements},
		"tool":    map[string]any{"uv": map[string]any{"environments": []string{environment()}}},
	}
	data, err := toml.Marshal(input)
	if err != nil {
		return nil, fmt.Errorf("write the requirements: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pyproject.toml"), data, 0o644); err != nil {
		return nil, err
	}
	output := filepath.Join(dir, "pylock.toml")
	if locked != nil && len(locked.Packages) > 0 {
		if err := os.WriteFile(output, preferences(locked), 0o644); err != nil {
			return nil, err
		}
	}
	args := []string{
		"pip", "compile", "pyproject.toml", "--quiet", "--universal", "--python-version", cpython.PythonVersion,
		"--python", python.path, "--format", "pylock.toml", "--output-file", output,
	}
	if noDeps {
		args = append(args, "--no-deps")
	}
	if _, err := s.runUV(ctx, dir, args...); err != nil {
		return nil, explain(err)
	}
	if data, err = os.ReadFile(output); err != nil {
		return nil, fmt.Errorf("read what uv chose: %w", err)
	}
	var answer struct {
		Packages []found `toml:"packages"`
	}
	if err := toml.Unmarshal(data, &answer); err != nil {
		return nil, fmt.Errorf("read what uv chose: %w", err)
	}
	return answer.Packages, nil
}

// preferences tells uv in its own format what was chosen before.
func preferences(locked *Lock) []byte {
	var b strings.Builder
	b.WriteString("lock-version = \"1.0\"\ncreated-by = \"uv\"\n")
	for _, p := range locked.Packages {
		fmt.Fprintf(&b, "\n[[packages]]\nname = %q\nversion = %q\n", p.Name, p.Version)
	}
	return []byte(b.String())
}

// found is a package as PEP 751 writes it down.
type found struct {
	Name    string         `toml:"name"`
	Version string         `toml:"version"`
	Source  *foundFile     `toml:"sdist"`
	Wheels  []foundFile    `toml:"wheels"`
	VCS     map[string]any `toml:"vcs"`
	Folder  map[string]any `toml:"directory"`
	Archive map[string]any `toml:"archive"`
}

type foundFile struct {
	Name   string            `toml:"name"`
	URL    string            `toml:"url"`
	Path   string            `toml:"path"`
	Hashes map[string]string `toml:"hashes"`
}

func (f *foundFile) location() string {
	if f.URL != "" {
		return f.URL
	}
	return f.Path
}

func (f *foundFile) name() string {
	if f.Name != "" {
		return f.Name
	}
	if u, err := url.Parse(f.URL); err == nil && f.URL != "" {
		return path.Base(u.Path)
	}
	return filepath.Base(f.Path)
}

func (f *found) files() []foundFile {
	files := f.Wheels
	if f.Source != nil {
		files = append(files[:len(files):len(files)], *f.Source)
	}
	return files
}

// choose picks the file: a wheel of Python alone, unless the recipe says that the
// source has more to offer, or else the source.
func (f *found) choose(r *recipe) (Package, error) {
	name := Normalize(f.Name)
	if f.VCS != nil || f.Folder != nil || f.Archive != nil {
		return Package{}, notOfIndex(name)
	}
	chosen, kind := f.Source, KindSource
	if f.Source == nil || r == nil || !r.Build {
		for i := range f.Wheels {
			if pureWheel(f.Wheels[i].name()) {
				chosen, kind = &f.Wheels[i], KindWheel
				break
			}
		}
	}
	if chosen == nil {
		return Package{}, unsourced(name, f.Version, r)
	}
	p := Package{Name: name, Version: f.Version, Kind: kind, File: chosen.name(), SHA256: chosen.Hashes["sha256"], url: chosen.location()}
	if !isDigest(p.SHA256) {
		return Package{}, &Error{Kind: ErrUnsupported, Package: name, Message: fmt.Sprintf("the index has no SHA-256 for %s", p.File)}
	}
	return p, nil
}

func notOfIndex(name string) *Error {
	return &Error{
		Kind: ErrUnsupported, Package: name, Message: name + " is to come from an address: only releases of an index can be locked",
		Advice: fmt.Sprintf("write %q, or copy its Python files into the project", name),
	}
}

// unsourced is the error for a package of which there are binaries for other
// machines only.
func unsourced(name, version string, r *recipe) *Error {
	e := &Error{
		Kind: ErrUnsupported, Package: name,
		Message: fmt.Sprintf("%s %s can't work here: it is published as binaries for other machines only", name, version),
	}
	if r != nil && r.Reason != "" {
		e.Message, e.Advice = fmt.Sprintf("%s can't work here: %s", name, r.Reason), r.Alternative
	}
	return e
}

// pureWheel reports whether the guest can use a wheel as it is, by its name:
// NAME-VERSION(-BUILD)-PYTHON-none-any.whl.
func pureWheel(file string) bool {
	parts := strings.Split(strings.TrimSuffix(file, ".whl"), "-")
	if !strings.HasSuffix(file, ".whl") || len(parts) < 5 || parts[len(parts)-1] != "any" || parts[len(parts)-2] != "none" {
		return false
	}
	for tag := range strings.SplitSeq(parts[len(parts)-3], ".") {
		if tag == "py3" || tag == "py313" || tag == "cp313" {
			return true
		}
	}
	return false
}

// explain makes one line of what uv says, which is a paragraph and a chain of causes.
func explain(err error) error {
	f, ok := asFailure(err)
	if !ok {
		return err
	}
	text := strings.Join(strings.Fields(strings.Join(f.lines, " ")), " ")
	e := &Error{Kind: ErrConflict, Err: err, Tail: f.lines}
	missing := regexp.MustCompile(`(?:Because |and |cause: )?([A-Za-z0-9._-]+) was not found in the (package registry|cache)`).FindStringSubmatch(text)
	switch {
	case missing != nil && missing[2] == "cache":
		e.Kind, e.Package = ErrOffline, Normalize(missing[1])
		e.Message, e.Advice = e.Package+" is not in the cache", "run it without --offline once"
	case missing != nil:
		e.Kind, e.Package = ErrNotFound, Normalize(missing[1])
		e.Message, e.Advice = "there is no package "+e.Package+" in the index", "check its spelling"
	case strings.Contains(text, "Because "):
		reason := because(text)
		e.Message = "the dependencies can't be had together: " + reason
		if strings.HasPrefix(reason, "only ") || strings.HasPrefix(reason, "there is no version ") {
			e.Kind, e.Message = ErrNotFound, "no version fits: "+reason
		}
		e.Advice = "loosen one of these requirements in pyproject.toml"
	case strings.Contains(text, "error sending request") || strings.Contains(text, "Failed to fetch"):
		e.Kind, e.Message = ErrNetwork, "the package index can't be reached"
		if cause := regexp.MustCompile(`cause: ([^:]*(?:refused|resolv|timed out|certificate)[^:]*)`).FindStringSubmatch(text); cause != nil {
			e.Message += ": " + strings.ToLower(strings.TrimSpace(strings.TrimSuffix(cause[1], " cause")))
		}
		e.Advice = "look at pip's settings: python3 -m pip config list"
	case strings.Contains(text, "uild `"):
		_, what, _ := strings.Cut(text, "uild `")
		what, _, _ = strings.Cut(what, "`")
		e.Package, _ = requirementName(strings.Split(what, "==")[0])
		e.Kind, e.Message = ErrBuild, what+" does not say what it requires without being built, and that fails on this machine"
	default:
		e.Kind, e.Message = ErrRequirement, "uv can't resolve the dependencies: "+firstError(f.lines)
	}
	return e
}

// because takes the reasons out of uv's proof: what it concludes from them on the
// way is left out.
func because(text string) string {
	_, text, _ = strings.Cut(text, "Because ")
	text, _, _ = strings.Cut(text, " hint: ")
	var reasons []string
	for _, part := range strings.Split(text, " And because ") {
		part, _, _ = strings.Cut(part, ", we can conclude that ")
		part, _, _ = strings.Cut(part, ", we can ")
		reasons = append(reasons, part)
	}
	text = strings.ReplaceAll(strings.Join(reasons, ", and "), projectName+" depends on ", "the project needs ")
	return strings.ReplaceAll(text, "you require ", "the project needs ")
}

func firstError(lines []string) string {
	for i, line := range lines {
		if text, ok := strings.CutPrefix(line, "error: "); ok {
			if i+1 < len(lines) {
				text += ": " + strings.TrimPrefix(strings.TrimSpace(lines[i+1]), "cause: ")
			}
			return text
		}
	}
	if len(lines) == 0 {
		return "it said nothing"
	}
	return lines[len(lines)-1]
}

func asFailure(err error) (*failure, bool) {
	var f *failure
	return f, errors.As(err, &f)
}
