package cpython

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// A step turns the directories of other steps into a directory of its own.
type step struct {
	name    string   // of its directory, its log and in needs
	title   string   // for people: "compile CPython"
	root    string   // the folder in the cache that holds its directory
	seconds float64  // how long it takes on two cores, measured
	needs   []string // the names of the steps whose directories it reads
	inputs  []string // whatever else decides the outcome; enters the digest
	intact  func(dir string) bool
	run     func(context.Context, *job) error
}

// The folders of the cache that this package owns.
const (
	rootDownloads = "downloads" // what came over the network: sources and zig
	rootSteps     = "steps"
	rootRuntimes  = "runtimes"
	rootLogs      = "logs"
)

// recipeVersion enters every digest: raise it when the Go code of a step
// changes what the step makes.
const recipeVersion = "1"

// recipe is the graph of steps with the digest of each.
type recipe struct {
	steps   []step // each after those that it needs
	digests map[string]string
}

// newGraph computes the digests of steps, which must be in order of need.
func newGraph(steps []step) *recipe {
	r := &recipe{steps: steps, digests: map[string]string{}}
	for _, s := range steps {
		parts := []string{recipeVersion, s.name}
		for _, need := range s.needs {
			d, ok := r.digests[need]
			if !ok {
				panic("cpython: step " + s.name + " stands before " + need + ", which it needs")
			}
			parts = append(parts, need, d)
		}
		r.digests[s.name] = digest(append(parts, s.inputs...)...)
	}
	return r
}

// digest is the SHA-256 of a list of strings, hexadecimal. Lengths go in, so
// that no two lists run together.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (r *recipe) find(name string) step {
	for _, s := range r.steps {
		if s.name == name {
			return s
		}
	}
	panic("cpython: no step " + name)
}

// dir is where a step's result is or will be.
func (r *recipe) dir(cache, name string) string {
	return filepath.Join(cache, r.find(name).root, name+"-"+r.digests[name][:12])
}

// plan lists the steps that have to run for the goals, in order. A finished
// step's own needs are not asked for: they may be gone.
func (r *recipe) plan(cache string, goals ...string) []step {
	wanted := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if wanted[name] || r.finished(cache, name) {
			return
		}
		wanted[name] = true
		for _, need := range r.find(name).needs {
			visit(need)
		}
	}
	for _, goal := range goals {
		visit(goal)
	}
	var steps []step
	for _, s := range r.steps {
		if wanted[s.name] {
			steps = append(steps, s)
		}
	}
	return steps
}

func (r *recipe) finished(cache, name string) bool {
	dir := r.dir(cache, name)
	if _, err := readRecord(dir); err != nil {
		return false
	}
	s := r.find(name)
	return s.intact == nil || s.intact(dir)
}

// recordFile is the file whose presence makes a step's directory count.
const recordFile = "finished.json"

// record says what a finished directory holds.
type record struct {
	Step     string    `json:"step"`
	Title    string    `json:"title"`
	Digest   string    `json:"digest"`
	Seconds  float64   `json:"seconds"`
	Finished time.Time `json:"finished"`
	Info     *Info     `json:"info,omitempty"` // of the last step only
}

func readRecord(dir string) (*record, error) {
	data, err := os.ReadFile(filepath.Join(dir, recordFile))
	if err != nil {
		return nil, err
	}
	var rec record
	if err := json.Unmarshal(data, &rec); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, recordFile), err)
	}
	return &rec, nil
}

// finish makes dir count. Everything in it is on the disk before its record is,
// so that a power cut can't leave a directory that counts and has holes.
func finish(dir string, rec *record) error {
	data, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return err
	}
	if err := syncAll(dir); err != nil {
		return fmt.Errorf("write %s to the disk: %w", dir, err)
	}
	tmp := filepath.Join(dir, recordFile+".tmp")
	if err := writeSynced(tmp, append(data, '\n')); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, recordFile))
}

func writeSynced(path string, data []byte) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}
