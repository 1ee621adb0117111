// Package project reads what a user's files say about a worker.
//
// Two config files may be there, and neither has to: pyproject.toml, of which
// [project] and [tool.pymode] count, and wrangler's (wrangler.json, .jsonc or
// .toml, the first that is there, as wrangler itself chooses). Where both say
// something, [tool.pymode] wins: name by name for bindings and vars, as a whole
// for main, name and limits. The secrets come from .dev.vars.
//
// What is wrong with a file is an [*Error] with the file, the line where one is
// known, and a hint. What can be lived with is one of [Project.Warnings].
package project

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pymode-tui/project/ignore"
)

// maxConfig is how large a config file may be, in bytes.
const maxConfig = 1 << 20

// Project is a worker as its files describe it.
type Project struct {
	Dir          string            `json:"dir"`          // absolute
	Name         string            `json:"name"`         // [tool.pymode] name, else wrangler's, else [project] name, else the directory's
	Main         string            `json:"main"`         // the entry module, relative to Dir with slashes: "src/entry.py"
	Module       string            `json:"module"`       // the name to import it under: "entry", "src.entry"
	Path         []string          `json:"path"`         // what of Dir belongs on sys.path, relative to it: "src", "."
	Bindings     []Binding         `json:"bindings"`     // sorted by name
	Vars         map[string]any    `json:"vars"`         // JSON values, integers as int64; a secret of the same name hides one
	Secrets      map[string]Secret `json:"secrets"`      // .dev.vars; never shown
	Dependencies []string          `json:"dependencies"` // [project] dependencies, as written: "markupsafe>=3"
	FindLinks    []string          `json:"find_links"`   // [tool.pymode] find-links: folders, relative to Dir, and addresses of wheels
	Limits       Limits            `json:"limits"`
	AI           AI                `json:"ai"`
	Replay       Replay            `json:"replay"`
	Warnings     []string          `json:"warnings"` // what may be a mistake, a line each
}

// Limits are budgets that the config lowers or raises.
type Limits struct {
	CPU         time.Duration `json:"cpu_ns"`      // of a request; 0 where the config says nothing
	Subrequests int           `json:"subrequests"` // of a request; 0 where the config says nothing
}

// Load reads the project in the directory dir. Every error is an [*Error]; a
// missing directory, entry module or main is also [fs.ErrNotExist].
func Load(dir string) (*Project, error) {
	abs, err := checkDir(dir)
	if err != nil {
		return nil, err
	}
	p := &Project{Dir: abs}
	pyproject, projectName, err := p.loadPyproject()
	if err != nil {
		return nil, err
	}
	wrangler, err := p.loadWrangler()
	if err != nil {
		return nil, err
	}
	p.merge(pyproject, wrangler, projectName)
	entry := wrangler
	if pyproject != nil && pyproject.mainAt != nil {
		entry = pyproject
	}
	if p.Main, err = findEntry(abs, dir, entry); err != nil {
		return nil, err
	}
	root := ""
	if p.Module, root, err = moduleOf(abs, p.Main); err != nil {
		return nil, err
	}
	p.Path = []string{root}
	if root != "." {
		p.Path = append(p.Path, ".")
	}
	if p.Module == "pymode" || p.Module == "workers" {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%s: hides the module %s that the worker API is in", p.Main, p.Module))
	}
	if err := p.loadSecrets(); err != nil {
		return nil, err
	}
	return p, nil
}

// checkDir makes the project's directory absolute, and makes sure it is one.
func checkDir(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", &Error{File: dir, Message: err.Error(), Err: err}
	}
	info, err := os.Stat(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &Error{File: dir, Message: "no such directory", Hint: "make a new worker with: pymode-tui init " + dir, Err: fmt.Errorf("%w: %w", ErrNoWorker, err)}
	case err != nil:
		return "", &Error{File: dir, Message: cause(err), Err: err}
	case info.IsDir():
		return abs, nil
	}
	e := &Error{File: dir, Message: "is a file, not a directory"}
	if filepath.Ext(dir) == ".py" {
		e.Hint = "give the project's directory: " + filepath.Dir(dir)
	}
	return "", e
}

// readFile reads a config file; found is false where there is none.
func (p *Project) readFile(name string) (text []byte, found bool, err error) {
	file := filepath.Join(p.Dir, name)
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, nil
	case err != nil:
		return nil, false, &Error{File: name, Message: cause(err), Err: err}
	case !info.Mode().IsRegular():
		return nil, false, &Error{File: name, Message: "is not a file"}
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, false, &Error{File: name, Message: cause(err), Err: err}
	}
	defer f.Close()
	text, err = io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return nil, false, &Error{File: name, Message: cause(err), Err: err}
	}
	if len(text) > maxConfig {
		return nil, false, &Error{File: name, Message: fmt.Sprintf("is larger than %d bytes", maxConfig)}
	}
	return text, true, nil
}

func (p *Project) loadPyproject() (c *config, name string, err error) {
	const file = "pyproject.toml"
	text, found, err := p.readFile(file)
	if err != nil || !found {
		return nil, "", err
	}
	root, err := parseTOML(file, text)
	if err != nil {
		return nil, "", err
	}
	return readPyproject(file, root)
}

// loadWrangler reads the first of wrangler's files, and warns of the others.
func (p *Project) loadWrangler() (*config, error) {
	var c *config
	for _, file := range []string{"wrangler.json", "wrangler.jsonc", "wrangler.toml"} {
		text, found, err := p.readFile(file)
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		if c != nil {
			p.Warnings = append(p.Warnings, fmt.Sprintf("%s: is not read, since there is a %s", file, c.file))
			continue
		}
		parse := parseJSON
		if path.Ext(file) == ".toml" {
			parse = parseTOML
		}
		root, err := parse(file, text)
		if err != nil {
			return nil, err
		}
		if c, err = readWrangler(file, root); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (p *Project) loadSecrets() error {
	p.Secrets = map[string]Secret{}
	text, found, err := p.readFile(devVars)
	if err != nil || !found {
		return err
	}
	secrets, warnings, err := parseDevVars(devVars, string(text))
	if err != nil {
		return err
	}
	p.Secrets = secrets
	p.Warnings = append(p.Warnings, warnings...)
	return nil
}

// merge takes what the config files say, either of which may be nil.
func (p *Project) merge(pyproject, wrangler *config, projectName string) {
	bindings := map[string]Binding{}
	p.Vars = map[string]any{}
	name := ""
	for _, c := range []*config{wrangler, pyproject} { // the last one wins
		if c == nil {
			continue
		}
		for _, b := range c.bindings {
			bindings[b.Name] = b
			delete(p.Vars, b.Name)
		}
		for name, v := range c.vars {
			if _, bound := bindings[name]; bound {
				p.Warnings = append(p.Warnings, fmt.Sprintf("%s: %s is a binding and a var, the var counts", c.file, name))
				delete(bindings, name)
			}
			p.Vars[name] = v
		}
		if c.name != "" {
			name = c.name
		}
		if c.ai.URL != "" {
			p.AI = c.ai
		}
		if c == pyproject {
			p.Replay, p.FindLinks = c.replay, c.findLinks
		}
		if c.limits != (Limits{}) {
			p.Limits = c.limits
		}
		p.Dependencies = append(p.Dependencies, c.dependencies...)
		p.Warnings = append(p.Warnings, c.warnings...)
	}
	p.Bindings = slices.SortedFunc(maps.Values(bindings), func(a, b Binding) int { return strings.Compare(a.Name, b.Name) })
	for _, candidate := range []string{name, projectName, filepath.Base(p.Dir)} {
		if p.Name == "" {
			p.Name = candidate
		}
	}
}

// Sources lists the user's files, relative to Dir with slashes, sorted: Python
// and whatever is read at run time, config files, but not .dev.vars, and
// nothing that package ignore leaves out. The error is that Dir can't be listed.
func (p *Project) Sources() ([]string, error) {
	var sources []string
	rules := ignore.New(p.Dir)
	var list func(dir string) error
	list = func(dir string) error {
		files, dirs, err := rules.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, f := range files {
			rel := path.Join(dir, f.Name())
			if rel != devVars && p.isFile(rel, f) {
				sources = append(sources, rel)
			}
		}
		for _, d := range dirs {
			err := list(path.Join(dir, d.Name()))
			if err != nil && !errors.Is(err, fs.ErrNotExist) { // removed since it was listed
				return err
			}
		}
		return nil
	}
	if err := list("."); err != nil {
		return nil, fmt.Errorf("sources: %w", err)
	}
	slices.Sort(sources)
	return sources, nil
}

// isFile reports whether an entry is a regular file, or a link to one that is
// in the project.
func (p *Project) isFile(rel string, entry fs.DirEntry) bool {
	if entry.Type()&fs.ModeSymlink == 0 {
		return entry.Type().IsRegular()
	}
	info, err := os.Stat(filepath.Join(p.Dir, filepath.FromSlash(rel)))
	return err == nil && info.Mode().IsRegular() && inside(p.Dir, rel)
}
