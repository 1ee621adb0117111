package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"
	"sync"
	"time"

	"pymode-tui/runtime"
)

// benchWorker times the calls from inside.
//
//go:embed benchworker/entry.py
var benchWorker []byte

// bindingsReport is how long calls of bindings take, through Python and back, on
// stores of their own. Times are in µs.
type bindingsReport struct {
	KVGet      spread `json:"kv_get_us"`
	KVPut      spread `json:"kv_put_us"`           // durable
	KVGetMulti spread `json:"kv_get_multi_100_us"` // of 100 keys
	D1Select   spread `json:"d1_select_us"`        // of one row
	D1Insert   spread `json:"d1_insert_us"`        // durable
	R2Get      spread `json:"r2_get_1kb_us"`

	// One object of 100 MB, written and read in pieces, and by how much the
	// host's heap grew meanwhile at most, in bytes.
	R2LargePut  float64 `json:"r2_put_100mb_us"`
	R2LargeGet  float64 `json:"r2_get_100mb_us"`
	R2LargeHeap int64   `json:"r2_100mb_heap_bytes"`
}

const benchObject = 100 << 20 // bytes

// benchBindings runs a worker of its own, whose state is thrown away.
func benchBindings(ctx context.Context, flags *workerFlags, runs int) (_ *bindingsReport, err error) {
	dir, err := os.MkdirTemp("", "pymode-bench-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.WriteFile(filepath.Join(dir, "entry.py"), benchWorker, 0o644); err != nil {
		return nil, err
	}
	own := *flags
	own.stateDir, own.subrequests = filepath.Join(dir, ".pymode"), 1<<30
	w, err := openWorker(ctx, dir, &own, nil, nil)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := w.close(ctx); err == nil {
			err = closeErr
		}
	}()
	report := &bindingsReport{}
	if err := ask(ctx, w, fmt.Sprintf("/?runs=%d", max(runs, 1)), report); err != nil {
		return nil, err
	}
	var large struct{ Put, Get float64 }
	report.R2LargeHeap, err = heapGrowth(func() error {
		return ask(ctx, w, fmt.Sprintf("/?size=%d", benchObject), &large)
	})
	report.R2LargePut, report.R2LargeGet = large.Put, large.Get
	return report, err
}

// ask requests a path of a worker and decodes the answer.
func ask(ctx context.Context, w *loneWorker, path string, answer any) error {
	r := w.Do(ctx, &runtime.Request{Method: "GET", URL: "http://localhost" + path})
	if r.Error != nil {
		return fmt.Errorf("the bindings can't be measured: %w", r.Error)
	}
	return json.Unmarshal(r.Body, answer)
}

// heapGrowth is by how many bytes the heap grew at most while f ran.
func heapGrowth(f func() error) (int64, error) {
	inUse := func() int64 {
		var m goruntime.MemStats
		goruntime.ReadMemStats(&m)
		return int64(m.HeapInuse)
	}
	goruntime.GC()
	before, most := inUse(), int64(0)
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				most = max(most, inUse()-before)
			case <-done:
				return
			}
		}
	})
	err := f()
	close(done)
	watching.Wait()
	return most, err
}
