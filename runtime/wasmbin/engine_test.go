package wasmbin

import (
	"context"
	"errors"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const features = api.CoreFeaturesV2 | experimental.CoreFeaturesExtendedConst | experimental.CoreFeaturesTailCall |
	experimental.CoreFeaturesThreads | experimental.CoreFeaturesExceptionHandling

// newRuntime returns an engine that is closed with the test. It interprets,
// which starts faster, and validates like the compiler.
func newRuntime(t testing.TB) wazero.Runtime {
	t.Helper()
	return newRuntimeOf(t, wazero.NewRuntimeConfigInterpreter())
}

func newRuntimeOf(t testing.TB, config wazero.RuntimeConfig) wazero.Runtime {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, config.WithCoreFeatures(features))
	t.Cleanup(func() {
		if err := r.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return r
}

// build returns the module that add builds.
func build(t testing.TB, add func(*Builder)) []byte {
	t.Helper()
	var b Builder
	add(&b)
	module, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// mustParse parses a module that ought to be right.
func mustParse(t testing.TB, module []byte) *Module {
	t.Helper()
	m, err := Parse(module)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// instantiate compiles and instantiates a module in a new engine.
func instantiate(t testing.TB, module []byte) api.Module {
	t.Helper()
	m, err := newRuntime(t).Instantiate(context.Background(), module)
	if err != nil {
		t.Fatalf("the engine refuses the module: %v", err)
	}
	return m
}

// call calls an exported function that must not trap.
func call(t testing.TB, m api.Module, name string, args ...uint64) []uint64 {
	t.Helper()
	results, err := m.ExportedFunction(name).Call(context.Background(), args...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return results
}

// wantSyntaxError fails the test unless err is a syntax error within size bytes.
func wantSyntaxError(t testing.TB, err error, size int) {
	t.Helper()
	var syntax *SyntaxError
	if !errors.As(err, &syntax) {
		t.Fatalf("error %v, want a syntax error", err)
	}
	if syntax.Offset < 0 || syntax.Offset > size {
		t.Fatalf("offset %d in a module of %d bytes: %v", syntax.Offset, size, err)
	}
}

// configOf returns a configuration that gives the instance a name.
func configOf(name string) wazero.ModuleConfig { return wazero.NewModuleConfig().WithName(name) }
