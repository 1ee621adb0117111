package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pymode-tui/project"
	"pymode-tui/traffic"
)

// requestsDir is where a project's saved requests are.
const requestsDir = "requests"

// savedRequest is an exchange to be replayed and where it is from.
type savedRequest struct {
	file     string // as the user may open it; of a captured one its ID
	path     string // of the file; "" of a captured one
	exchange *traffic.Exchange
	own      bool // the file holds this exchange alone, and can be rewritten
}

// name is what a person knows the request by.
func (r *savedRequest) name() string {
	if r.exchange.Name != "" {
		return r.exchange.Name
	}
	return strings.TrimSuffix(filepath.Base(r.file), filepath.Ext(r.file))
}

// readExchanges reads the exchanges of one file by its kind, and tells what a file
// of another tool has that can't be kept. Env is an environment of .http files.
func readExchanges(path, env string) ([]*traffic.Exchange, []traffic.Warning, error) {
	if traffic.IsExchange(path) {
		e, err := traffic.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		return []*traffic.Exchange{e}, nil, nil
	}
	return traffic.Read(path, env)
}

// savedRequests reads the files, and those in directories, in order; without
// any, all of the project's requests/, with .http files in the environment env. notify tells what a file has beyond that.
func savedRequests(p *project.Project, paths []string, env string, notify func(string)) ([]*savedRequest, error) {
	if len(paths) == 0 {
		paths = []string{filepath.Join(p.Dir, requestsDir)}
		if _, err := os.Stat(paths[0]); errors.Is(err, fs.ErrNotExist) {
			return nil, usagef("%s has no saved requests: there is no directory %s", p.Name, requestsDir)
		}
	}
	var requests []*savedRequest
	for _, path := range paths {
		files, err := requestFiles(path)
		if err != nil {
			return nil, usagef("%w", err)
		}
		for _, file := range files {
			exchanges, warnings, err := readExchanges(file, env)
			if err != nil {
				return nil, usagef("%w", err)
			}
			for _, w := range warnings {
				notify(fmt.Sprintf("%s: %s", shown(file), w))
			}
			own := len(exchanges) == 1 && traffic.IsExchange(file)
			for _, e := range exchanges {
				requests = append(requests, &savedRequest{file: shown(file), path: file, exchange: e, own: own})
			}
		}
	}
	return requests, nil
}

// requestFiles is a file itself, or the files in a directory and below, sorted.
func requestFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(d.Name(), ".") && file != path
		switch {
		case err != nil:
			return err
		case hidden && d.IsDir():
			return fs.SkipDir
		case !hidden && d.Type().IsRegular() && traffic.IsRequestFile(file):
			files = append(files, file)
		}
		return nil
	})
	slices.Sort(files)
	return files, err
}

// shown is a path as the user would write it here.
func shown(path string) string {
	wd, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(wd, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// capturedRequests reads what was captured of a project, the oldest first.
func capturedRequests(p *project.Project, f *workerFlags, filter *traffic.Filter) ([]*savedRequest, error) {
	store, err := traffic.Open(trafficDir(p, f), captureLimits(p))
	if err != nil {
		return nil, err
	}
	var requests []*savedRequest
	for _, entry := range store.Entries() {
		if entry.Worker != p.Name {
			continue
		}
		e, err := store.Get(entry.ID)
		if err != nil {
			return nil, fmt.Errorf("captured request %s: %w", entry.ID, err)
		}
		if filter.Match(e) {
			requests = append(requests, &savedRequest{file: entry.ID, exchange: e})
		}
	}
	_ = store.Close() // writes the index, which only saves time: the disk may be full
	return requests, nil
}

// trafficDir is where a project's captured requests are kept.
func trafficDir(p *project.Project, f *workerFlags) string {
	return filepath.Join(f.stateDirOf(p), "traffic")
}

func captureLimits(p *project.Project) traffic.Limits { return traffic.Limits{Count: p.Replay.Keep} }

// masker takes a project's secrets out of exchanges.
func masker(p *project.Project) *traffic.Masker {
	secrets := map[string]string{}
	for name, s := range p.Secrets {
		secrets[name] = s.Reveal()
	}
	return traffic.NewMasker(secrets, p.Replay.Mask)
}
