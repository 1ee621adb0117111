package runtime

import (
	"context"
	"fmt"
	"io"
	"io/fs"

	"pymode-tui/runtime/dylink"
	"pymode-tui/runtime/image"

	"github.com/tetratelabs/wazero/api"
)

// fuelPerYield is how many loop headers run between two yields, where a jump back
// or a start of a function in Python counts for sixteen: a millisecond or two.
const fuelPerYield = 500_000

// instance is one sandbox: a module and its memory. It serves one execution
// after another, never two at once.
type instance struct {
	module api.Module
	memory *image.Memory
	fuel   api.MutableGlobal
	files  openFiles
	clock  monotonic
	x      *execution // that uses it now, nil between two
	mounts map[string]fs.FS
	linker *dylink.Linker // nil where no side module is loaded
}

// call calls an exported function that has no result.
func (in *instance) call(ctx context.Context, name string, args ...uint64) error {
	_, err := in.result(ctx, name, args...)
	return err
}

// check calls an exported function that returns 0 when it is content.
func (in *instance) check(ctx context.Context, name string, args ...uint64) error {
	code, err := in.result(ctx, name, args...)
	if err == nil && code != 0 {
		err = fmt.Errorf("%s returned %d", name, int32(code))
	}
	return err
}

func (in *instance) result(ctx context.Context, name string, args ...uint64) (uint64, error) {
	f := in.module.ExportedFunction(name)
	if f == nil {
		return 0, fmt.Errorf("python.wasm exports no function %s", name)
	}
	results, err := f.Call(ctx, args...)
	if err != nil || len(results) == 0 {
		return 0, err
	}
	return results[0], nil
}

// write copies b into memory that the guest allocates.
func (in *instance) write(ctx context.Context, b []byte) (uint64, error) {
	p, err := in.result(ctx, "pm_alloc", uint64(max(len(b), 1)))
	if err != nil {
		return 0, err
	}
	if p == 0 || !in.module.Memory().Write(uint32(p), b) {
		return 0, fmt.Errorf("no room for %d bytes in the instance", len(b))
	}
	return p, nil
}

// close ends the instance and frees its memory.
func (in *instance) close() {
	ctx := context.Background()
	_ = in.module.Close(ctx)
	if in.linker != nil {
		in.linker.Close(ctx)
	}
}

// sleep is the guest's way to wait. It ends early when the execution is to stop.
func (in *instance) sleep(ns int64) {
	if in.x != nil {
		in.x.sleep(ns)
	}
}

// The instance's standard streams are those of the execution that uses it.

type (
	standardInput  struct{ in *instance }
	standardOutput struct{ in *instance }
	standardError  struct{ in *instance }
)

func (in *instance) stdin() io.Reader  { return &standardInput{in} }
func (in *instance) stdout() io.Writer { return &standardOutput{in} }
func (in *instance) stderr() io.Writer { return &standardError{in} }

// Read implements [io.Reader].
func (s *standardInput) Read(p []byte) (int, error) {
	if s.in.x == nil || s.in.x.input == nil {
		return 0, io.EOF
	}
	return s.in.x.input.Read(p)
}

// Write implements [io.Writer].
func (s *standardOutput) Write(p []byte) (int, error) {
	if s.in.x == nil {
		return len(p), nil
	}
	return s.in.x.writeOutput(p)
}

// Write implements [io.Writer].
func (s *standardError) Write(p []byte) (int, error) {
	if s.in.x != nil {
		s.in.x.charge(len(p))
		s.in.x.stderrLines.write(p)
	}
	return len(p), nil
}
