package cpython_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pymode-tui/runtime/cpython"
	"pymode-tui/runtime/wasmbin"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// What handlers answer that fetch while these are on the stack; the server
// answers with the number after the one that it is asked for.
var supported = []struct{ name, want string }{
	{"plain", `2`},
	{"twice", `[2, 3]`},
	{"sorted", `[3, 2, 1]`},
	{"max", `2`},
	{"map and filter", `[2, 3]`},
	{"generator", `[1, 2, 3]`},
	{"sum", `6`},
	{"join", `"123"`},
	{"chain", `[1, 2, 3, [1, 1]]`},
	{"getattr", `[8, 7]`},
	{"property", `[3, 4]`},
	{"call", `[2, 3, 5, true, 5]`},
	{"metaclass", `8`},
	{"less", `[2, 3]`},
	{"format", `"3   4 5"`},
	{"with", `[2, 6]`},
	{"gather", `[1, 2, 3]`},
	{"async generator", `[1, 2, 3]`},
	{"re.sub", `"a2b3"`},
	{"json", `"{\"a\": [2]}"`},
	{"stream", `"2\n3\n4\n"`},
	{"import", `7`},
	{"partial", `[4, 2]`},
	{"sleep", `2`},
	{"exec", `5`},
	{"deep", `41`},
}

// refused are the places where a fetch raises, since a frame can't be suspended.
var refused = []string{"__del__", "weakref", "__hash__", "pickle"}

// TestUnwindAndRewind runs the deployable binary on a host that does not block:
// while a fetch is under way, nothing of the guest is on the stack.
func TestUnwindAndRewind(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.URL.Query().Get("of"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, n+1)
	}))
	defer server.Close()
	built, err := cpython.Build(t.Context(), cpython.Options{Asyncify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, %d with gzip", built.AsyncifiedInfo.Raw, built.AsyncifiedInfo.Gzip)
	host := newPatientHost(t, built, server)
	for _, test := range supported {
		t.Run(test.name, func(t *testing.T) {
			before := host.unwound
			if diff := cmp.Diff(test.want, host.request(t, "supported", test.name)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if host.unwound == before {
				t.Error("the stack was never unwound")
			}
		})
	}
	t.Logf("the largest stack had %d bytes", host.deepest)
	for _, name := range refused {
		t.Run(name, func(t *testing.T) {
			if got := host.request(t, "refused", name); !strings.Contains(got, "a host call can't wait here") {
				t.Errorf("answer is %s", got)
			}
		})
	}
}

// patientHost runs one instance in the way of a host that can't block.
type patientHost struct {
	module  api.Module
	server  *httptest.Server
	stdin   bytes.Buffer
	stdout  bytes.Buffer
	stderr  bytes.Buffer
	data    uint32 // where asyncify keeps the stack
	unwound int

	deepest uint32 // the largest stack that was put away, in bytes

	pending   chan []byte // what the fetch that is under way brings
	result    []byte      // what it has brought
	rewinding bool
	problem   error
}

// stackRoom is enough for the deepest stack of the tests, in bytes.
const stackRoom = 1 << 20

func newPatientHost(t *testing.T, built *cpython.Runtime, server *httptest.Server) *patientHost {
	t.Helper()
	ctx := t.Context()
	binary, err := os.ReadFile(built.Asyncified)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := wasmbin.Parse(binary)
	if err != nil {
		t.Fatal(err)
	}
	h := &patientHost{server: server}
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesExtendedConst))
	t.Cleanup(func() {
		if err := r.Close(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	})
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	builder := r.NewHostModuleBuilder("pymode")
	for _, imp := range parsed.Imports {
		if imp.Module != "pymode" || imp.Kind != wasmbin.KindFunc {
			continue
		}
		typ := parsed.Types[imp.Type]
		builder.NewFunctionBuilder().WithGoModuleFunction(h.hostCall(imp.Name), typ.Params, typ.Results).Export(imp.Name)
	}
	if _, err := builder.Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	app, err := filepath.Abs("testdata/asyncify")
	if err != nil {
		t.Fatal(err)
	}
	h.module, err = r.InstantiateWithConfig(ctx, binary, wazero.NewModuleConfig().WithStartFunctions().
		WithStdin(&h.stdin).WithStdout(&h.stdout).WithStderr(&h.stderr).
		WithSysWalltime().WithSysNanotime().WithSysNanosleep().
		WithEnv("PYMODE_CONFIG", `{"name":"test","module":"entry","root":"/app","path":["/app"]}`).
		WithFSConfig(wazero.NewFSConfig().
			WithReadOnlyDirMount(filepath.Dir(built.Stdlib), "/usr/lib").WithReadOnlyDirMount(app, "/app")))
	if err != nil {
		t.Fatal(err)
	}
	h.data = h.call(t, "pm_alloc", stackRoom)
	for offset, value := range map[uint32]uint32{0: h.data + 8, 4: h.data + stackRoom} {
		if !h.module.Memory().WriteUint32Le(h.data+offset, value) {
			t.Fatal("pm_alloc gave no memory")
		}
	}
	return h
}

// call calls an export and returns its result, 0 where it has none.
func (h *patientHost) call(t *testing.T, name string, params ...uint64) uint32 {
	t.Helper()
	f := h.module.ExportedFunction(name)
	if f == nil {
		t.Fatalf("there is no export %s", name)
	}
	results, err := f.Call(t.Context(), params...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, h.stderr.String())
	}
	if len(results) == 0 {
		return 0
	}
	return uint32(results[0])
}

// request answers one request. _start returns when the answer is there, and also
// each time that the guest waits.
func (h *patientHost) request(t *testing.T, kind, name string) string {
	t.Helper()
	query := url.Values{"kind": {kind}, "name": {name}}
	document := map[string]any{
		"env":     map[string]any{"BASE": map[string]string{"kind": "var", "value": h.server.URL}},
		"request": map[string]any{"method": "GET", "url": "http://worker/?" + query.Encode(), "headers": []any{}, "body_base64": ""},
	}
	h.stdout.Reset()
	h.stderr.Reset()
	h.stdin.Reset()
	if err := json.NewEncoder(&h.stdin).Encode(document); err != nil {
		t.Fatal(err)
	}
	for h.call(t, "_start"); h.call(t, "asyncify_get_state") != 0; h.call(t, "_start") {
		h.call(t, "asyncify_stop_unwind")
		h.unwound++
		h.deepest = max(h.deepest, h.top(t)-h.data)
		// Here another host would go back to its event loop.
		h.result, h.rewinding = <-h.pending, true
		h.call(t, "asyncify_start_rewind", uint64(h.data))
	}
	if h.problem != nil {
		t.Fatal(h.problem)
	}
	var answer struct {
		Status int    `json:"status"`
		Body   []byte `json:"body_base64"`
	}
	if err := json.Unmarshal(h.stdout.Bytes(), &answer); err != nil {
		t.Fatalf("%v in %q\n%s", err, h.stdout.String(), h.stderr.String())
	}
	if answer.Status != http.StatusOK {
		t.Fatalf("status %d: %s", answer.Status, answer.Body)
	}
	return string(answer.Body)
}

// top is the end of the stack that asyncify has put away.
func (h *patientHost) top(t *testing.T) uint32 {
	t.Helper()
	top, ok := h.module.Memory().ReadUint32Le(h.data)
	if !ok {
		t.Fatal("the stack is outside of the memory")
	}
	return top
}

// hostCall is an import of the namespace pymode: the fetch, and nothing else.
func (h *patientHost) hostCall(name string) api.GoModuleFunc {
	if name == "http_fetch_full" {
		return h.fetch
	}
	return func(_ context.Context, _ api.Module, stack []uint64) {
		if len(stack) > 0 {
			stack[0] = 0
		}
	}
}

// fetch is called twice for each fetch: to begin it, and, when the stack is laid
// again, to bring its result.
func (h *patientHost) fetch(ctx context.Context, m api.Module, stack []uint64) {
	invoke := func(name string, params ...uint64) {
		if _, err := m.ExportedFunction(name).Call(ctx, params...); err != nil {
			h.problem = fmt.Errorf("%s: %w", name, err)
		}
	}
	if !h.rewinding {
		address, _ := m.Memory().Read(uint32(stack[0]), uint32(stack[1]))
		target := string(address)
		pending := make(chan []byte, 1)
		h.pending = pending
		go func() { pending <- h.get(target) }()
		if !m.Memory().WriteUint32Le(h.data, h.data+8) {
			h.problem = fmt.Errorf("no memory at %#x", h.data)
		}
		invoke("asyncify_start_unwind", uint64(h.data))
		stack[0] = 0
		return
	}
	h.rewinding = false
	invoke("asyncify_stop_rewind")
	if uint32(len(h.result)) > uint32(stack[9]) || !m.Memory().Write(uint32(stack[8]), h.result) {
		h.problem = fmt.Errorf("a result of %d bytes in %d", len(h.result), uint32(stack[9]))
	}
	stack[0] = uint64(len(h.result))
}

// get is the result of http_fetch_full, a status of 599 where there is no answer.
func (h *patientHost) get(target string) []byte {
	status, body := uint32(599), []byte(nil)
	response, err := h.server.Client().Get(target)
	if err == nil {
		status = uint32(response.StatusCode)
		body, err = io.ReadAll(response.Body)
		_ = response.Body.Close()
	}
	if err != nil {
		body = []byte(err.Error())
	}
	const headers = "{}"
	var packed []byte
	for _, n := range []uint32{status, uint32(len(headers))} {
		packed = append(packed, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	}
	return append(append(packed, headers...), body...)
}
