package dylink

import (
	"context"
	"encoding/json"
	"fmt"
	goruntime "runtime"

	"golang.org/x/sync/errgroup"
)

// keptPlan is a plan for another process.
type keptPlan struct {
	Table  uint32            `json:"table"`
	Slots  map[string]uint32 `json:"slots"`
	Loaded []keptLoaded      `json:"loaded"`
}

type keptLoaded struct {
	Path      string   `json:"path"`
	Digest    []byte   `json:"digest"` // SHA-256 of the file
	Linkage   []byte   `json:"linkage"`
	MemBase   uint32   `json:"memory_base"`
	TableBase uint32   `json:"table_base"`
	Values    []uint64 `json:"values"` // of its mutable globals
}

// Encode writes the plan for [Libraries.DecodePlan] of another process; the plan
// of nothing is nil.
func (p *Plan) Encode() ([]byte, error) {
	if p == nil {
		return nil, nil
	}
	k := keptPlan{Table: p.state.table, Slots: p.state.slots}
	for _, m := range p.loaded {
		k.Loaded = append(k.Loaded, keptLoaded{m.path, m.lib.digest[:], m.linkage, m.memBase, m.tableBase, m.values})
	}
	return json.Marshal(k)
}

// DecodePlan reads a plan and compiles its side modules, which must be in the
// store. It is for the interpreter and the image that it was made with.
func (s *Libraries) DecodePlan(ctx context.Context, b []byte) (*Plan, error) {
	if len(b) == 0 {
		return nil, nil
	}
	var k keptPlan
	if err := json.Unmarshal(b, &k); err != nil {
		return nil, fmt.Errorf("a kept plan: %w", err)
	}
	p := &Plan{libraries: s, state: state{k.Table, k.Slots}, loaded: make([]loaded, len(k.Loaded))}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(goruntime.GOMAXPROCS(0))
	for i, m := range k.Loaded {
		group.Go(func() error {
			at := &p.loaded[i]
			*at = loaded{path: m.Path, linkage: m.Linkage, memBase: m.MemBase, tableBase: m.TableBase, values: m.Values}
			if len(m.Digest) != len(library{}.digest) {
				return fmt.Errorf("%s: a digest of %d bytes", m.Path, len(m.Digest))
			}
			var err error
			if at.lib, err = s.kept(ctx, [32]byte(m.Digest)); err != nil {
				return fmt.Errorf("%s: %w", m.Path, err)
			}
			if len(m.Values) != len(at.lib.mutable) {
				return fmt.Errorf("%s: values of %d globals, want %d", m.Path, len(m.Values), len(at.lib.mutable))
			}
			at.link, err = s.link(ctx, m.Linkage)
			return err
		})
	}
	return p, group.Wait()
}
