package runtime

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Import is what one module cost when the worker's code was imported: only what
// was not in the base image, where Python itself and much of its library are.
type Import struct {
	Name       string `json:"name"`          // "markupsafe._native"
	File       string `json:"file"`          // as the guest names it, "/site/markupsafe/_native.py"; "" where it failed
	Cumulative int64  `json:"cumulative_us"` // CPU time, with the modules that it imported
	Self       int64  `json:"self_us"`       // CPU time without them
	// Memory is by how many bytes the linear memory grew, without the modules
	// that it imported. It grows by whole pages, many at a time: a module that
	// finds room shows nothing.
	Memory int64 `json:"memory_bytes"`
	// Blocks is by how many blocks of at most 512 bytes Python's allocator had
	// more in use afterwards, without the modules that it imported.
	Blocks int64 `json:"blocks"`
	Failed bool  `json:"failed"`
}

// What is kept of one import of a worker.
const (
	maxImports     = 10_000
	maxImportDepth = 1_000
	maxImportText  = 512 // bytes of a name or a path
)

// maxTelling is how much CPU time telling of one import may take that is not the
// worker's. Counting the blocks of 128 MB takes 0.3 ms; who claims more computes.
const maxTelling = time.Millisecond

// importBook records imports as the guest tells of them.
type importBook struct {
	open []openImport
	done []Import
}

// openImport is a module that is being imported.
type openImport struct {
	name                string
	cpu                 time.Duration // when it began
	memory, blocks      int64         // when it began
	innerCPU            time.Duration // of the modules that it imported
	innerMem, innerBlks int64         // of the modules that it imported
}

// importMessage is what pymode._imports sends with the call "imports": one when
// a module begins, one when it ends.
type importMessage struct {
	Begin  string `json:"begin"`
	End    string `json:"end"`
	File   string `json:"file"`
	Blocks int64  `json:"blocks"` // in use now
}

// imported takes in what the guest tells of an import.
func (x *execution) imported(args []byte) error {
	var m importMessage
	if err := json.Unmarshal(args, &m); err != nil {
		return fmt.Errorf("imports: %w", err)
	}
	if x.telling > 0 {
		x.hostCPU += min(threadCPU()-x.telling, maxTelling)
		x.telling = 0
	}
	cost := x.cost()
	if m.Begin != "" {
		x.imports.begin(m, cost)
	} else {
		x.imports.end(m, cost)
	}
	return nil
}

func (b *importBook) begin(m importMessage, now usage) {
	if len(b.open) < maxImportDepth {
		b.open = append(b.open, openImport{name: m.Begin, cpu: now.cpu, memory: now.memory, blocks: m.Blocks})
	}
}

// end closes a module; those that were begun within it and did not end are part
// of it. An end without a beginning is none.
func (b *importBook) end(m importMessage, now usage) {
	at := len(b.open) - 1
	for at >= 0 && b.open[at].name != m.End {
		at--
	}
	if at < 0 {
		return
	}
	o := b.open[at]
	b.open = b.open[:at]
	cpu, memory, blocks := now.cpu-o.cpu, now.memory-o.memory, m.Blocks-o.blocks
	if at > 0 {
		outer := &b.open[at-1]
		outer.innerCPU += cpu
		outer.innerMem += memory
		outer.innerBlks += blocks
	}
	if len(b.done) < maxImports {
		b.done = append(b.done, Import{
			Name: clip(m.End, maxImportText), File: clip(m.File, maxImportText), Failed: m.File == "",
			Cumulative: cpu.Microseconds(), Self: (cpu - o.innerCPU).Microseconds(),
			Memory: memory - o.innerMem, Blocks: blocks - o.innerBlks,
		})
	}
}

// sorted gives the record, the most expensive module first.
func (b *importBook) sorted() []Import {
	slices.SortStableFunc(b.done, func(a, b Import) int {
		return cmp.Or(cmp.Compare(b.Self, a.Self), strings.Compare(a.Name, b.Name))
	})
	return b.done
}

// clip cuts a text from the guest to n bytes of valid UTF-8.
func clip(s string, n int) string { return strings.ToValidUTF8(s[:min(len(s), n)], "") }

// Imports is what the modules cost that the current code has imported, the most
// expensive first; also where its import failed on the way. It must not be
// changed.
func (w *Worker) Imports() []Import {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.current == nil {
		return nil
	}
	return w.current.imports
}
