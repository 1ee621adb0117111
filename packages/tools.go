package packages

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// uvVersion is the uv that is installed where there is none; uvOldest the first
// that writes pylock.toml for other platforms.
const (
	uvVersion = "0.13.9"
	uvOldest  = "0.8.0"
	// pythonOldest is the first Python that current build backends run under.
	pythonOldest = "3.9"
)

// pythonInfo is what this package wants to know of the machine's Python, which
// build backends run under.
type pythonInfo struct {
	path    string   // of the executable itself, no wrapper that looks for it
	version string   // "3.11.7"
	include []string // folders of its headers
}

// findPython starts the machine's Python: one of the guest's version, where there
// is one, since setup.py may ask for it.
func findPython(ctx context.Context) (*pythonInfo, error) {
	why := "there is none"
	for _, path := range pythonCandidates() {
		info, err := askPython(ctx, path)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil: // a wrapper of a version that is not installed, say
			why = lastLine(err)
		case !atLeast(info.version, pythonOldest):
			why = path + " is " + info.version
		default:
			return info, nil
		}
	}
	return nil, &Error{
		Kind: ErrMachine, Message: "installing packages needs Python " + pythonOldest + " or later with pip: " + why,
		Advice: "install python3 and python3-pip",
	}
}

// pythonCandidates are the paths of the Pythons that may do, the best one first.
// pyenv's command of the guest's version fails where another version is set, so
// what pyenv has installed is looked at too.
func pythonCandidates() (paths []string) {
	named := "python" + guestVersion
	if path, err := exec.LookPath(named); err == nil {
		paths = append(paths, path)
	}
	root := os.Getenv("PYENV_ROOT")
	if home, err := os.UserHomeDir(); root == "" && err == nil {
		root = filepath.Join(home, ".pyenv")
	}
	installed, _ := filepath.Glob(filepath.Join(root, "versions", guestVersion+".*", "bin", named))
	paths = append(paths, installed...)
	if path, err := exec.LookPath("python3"); err == nil {
		paths = append(paths, path)
	}
	return paths
}

// askPython starts a Python once.
func askPython(ctx context.Context, path string) (*pythonInfo, error) {
	const question = "import sys, sysconfig, platform\n" +
		"print(sys.executable); print(platform.python_version())\n" +
		"[print(sysconfig.get_path(p)) for p in ('include', 'platinclude')]"
	out, err := command{path: path, args: []string{"-c", question}, env: plainEnv()}.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", path, err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 4 {
		return nil, fmt.Errorf("run %s: unexpected answer %q", path, out)
	}
	return &pythonInfo{path: lines[0], version: lines[1], include: lines[2:]}, nil
}

// atLeast compares versions such as "0.13.9".
func atLeast(version, oldest string) bool {
	have, want := strings.Split(version, "."), strings.Split(oldest, ".")
	for i, part := range want {
		w, _ := strconv.Atoi(part)
		h := 0
		if i < len(have) {
			h, _ = strconv.Atoi(have[i])
		}
		if h != w {
			return h > w
		}
	}
	return true
}

// uv returns the path of uv: the user's own where it will do, else one that pip
// installs into the cache, once.
func (s *syncer) uv(ctx context.Context) (string, error) {
	if path, err := exec.LookPath("uv"); err == nil {
		out, err := command{path: path, args: []string{"--version"}, env: plainEnv()}.run(ctx)
		if words := strings.Fields(string(out)); err == nil && len(words) > 1 && atLeast(words[1], uvOldest) {
			return path, nil
		}
	}
	where := s.cache.path("tools", "uv-"+uvVersion)
	path := filepath.Join(where, "bin", "uv")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	unlock, err := lockFile(ctx, where+".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if s.opts.Offline {
		return "", &Error{Kind: ErrOffline, Message: "uv is not installed, and with --offline it is not fetched"}
	}
	python, err := s.python()
	if err != nil {
		return "", err
	}
	scratch, remove, err := s.cache.scratch("uv")
	if err != nil {
		return "", err
	}
	defer remove()
	s.meter.line("installing uv " + uvVersion)
	made := filepath.Join(scratch, "uv")
	_, err = command{path: python.path, args: []string{
		"-m", "pip", "install", "--target", made, "--no-deps", "--no-input", "--disable-pip-version-check", "--quiet",
		"--only-binary", ":all:", "uv==" + uvVersion,
	}, env: plainEnv("TMPDIR=" + scratch), line: s.meter.line}.run(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", &Error{
			Kind: ErrMachine, Message: "installing packages needs uv, and pip can't install it: " + lastLine(err), Err: err,
			Advice: "install uv, or python3-pip, or look at pip's settings: python3 -m pip config list",
		}
	}
	if err := os.Rename(made, where); err != nil {
		return "", fmt.Errorf("keep uv: %w", err)
	}
	return path, nil
}

// runUV runs uv with the index that the user's pip knows, where uv was not told of
// another one.
func (s *syncer) runUV(ctx context.Context, dir string, args ...string) ([]byte, error) {
	uv, err := s.uv(ctx)
	if err != nil {
		return nil, err
	}
	env := plainEnv("UV_CACHE_DIR="+s.cache.path("uv"), "UV_PYTHON_DOWNLOADS=never", "UV_NO_PROGRESS=1", "NO_COLOR=1")
	if s.opts.Offline {
		env = append(env, "UV_OFFLINE=1")
	} else {
		settings, err := s.pipSettings(ctx)
		if err != nil {
			return nil, err
		}
		env = append(env, settings...)
	}
	return command{path: uv, args: args, dir: dir, env: env, line: s.meter.line}.run(ctx)
}

// pipSettings translates pip's configuration for uv.
func (s *syncer) pipSettings(ctx context.Context) ([]string, error) {
	python, err := s.python()
	if err != nil {
		return nil, err
	}
	out, err := command{path: python.path, args: []string{"-m", "pip", "config", "list"}, env: plainEnv()}.run(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, nil // no pip: uv has its own defaults
	}
	return translatePip(string(out), os.LookupEnv), nil
}

// translatePip reads lines such as global.index-url='…'; the environment comes last
// in them and wins. What uv's own environment says is left alone.
func translatePip(list string, lookup func(string) (string, bool)) []string {
	names := map[string]string{
		"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "find-links": "UV_FIND_LINKS", "cert": "SSL_CERT_FILE",
	}
	values := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^(?:global|install|download|:env:)\.([a-z-]+)='(.*)'$`).FindAllStringSubmatch(list, -1) {
		values[match[1]] = match[2]
	}
	var env []string
	for _, key := range []string{"index-url", "extra-index-url", "find-links", "cert"} {
		value, found := values[key]
		if _, set := lookup(names[key]); !found || set {
			continue
		}
		value = strings.Join(strings.Fields(strings.ReplaceAll(value, `\n`, " ")), " ")
		if key == "find-links" {
			value = strings.ReplaceAll(value, " ", ",")
		}
		env = append(env, names[key]+"="+value)
	}
	return env
}

// lastLine is the last thing that a command said, or the error itself.
func lastLine(err error) string {
	if f, ok := asFailure(err); ok {
		for i := len(f.lines) - 1; i >= 0; i-- {
			if !strings.HasPrefix(f.lines[i], "WARNING") && !strings.HasPrefix(f.lines[i], "[notice]") {
				return strings.TrimSpace(f.lines[i])
			}
		}
	}
	return err.Error()
}
