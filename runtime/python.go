package runtime

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"pymode-tui/runtime/dylink"
	"pymode-tui/runtime/hostcall"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// PythonConfig is how the interpreter is run as a command.
type PythonConfig struct {
	Args      []string // after the program's name
	Env       []string // "NAME=value"
	Dir       string   // the current directory, which the guest may read and write
	Packages  string   // site-packages below Dir, or ""
	TestSuite string   // a directory with CPython's package test, or ""
	Stdin     *os.File
	Stdout    *os.File
	Stderr    *os.File
	Terminals [3]bool         // which of the three are terminals
	Interrupt <-chan struct{} // Ctrl-C: each raises KeyboardInterrupt
}

// Python runs the interpreter as a command and returns its exit code. Nothing
// limits its time; its memory is limited by the address space.
func Python(ctx context.Context, engine EngineConfig, config PythonConfig) (code int, err error) {
	code, err = python(ctx, &Engine{config: engine}, config)
	if cannotWrite(err) {
		code, err = python(ctx, &Engine{config: engine, memory: true}, config)
	}
	return code, err
}

func python(ctx context.Context, e *Engine, config PythonConfig) (code int, err error) {
	defer func() { err = errors.Join(err, e.Close(context.WithoutCancel(ctx))) }()
	if err := e.openWazero(ctx); err != nil {
		return 0, err
	}
	module, err := os.ReadFile(e.config.Wasm)
	if err != nil {
		return 0, err
	}
	compiled, err := e.wazero.CompileModule(ctx, module)
	if err != nil {
		return 0, err
	}
	host := &commandHost{config: config, libDir: e.config.LibDir, input: make(chan chunkOfInput)}
	in, err := e.wazero.InstantiateModule(ctx, compiled, host.moduleConfig())
	if err != nil {
		return 0, err
	}
	host.module = in
	host.linker = e.libraries.NewLinker(in)
	host.fuel, _ = in.ExportedGlobal("pm_fuel").(api.MutableGlobal)
	if host.fuel == nil {
		return 0, errors.New("python.wasm has no loop checks")
	}
	return host.run(ctx)
}

// commandHost is the host of the interpreter as a command.
type commandHost struct {
	hostcall.Unavailable
	config      PythonConfig
	libDir      string // see EngineConfig
	module      api.Module
	fuel        api.MutableGlobal
	linker      *dylink.Linker
	interrupted atomic.Bool
	wake        chan struct{} // says that interrupted was set

	input   chan chunkOfInput
	reading bool // a read of the terminal is under way
	rest    []byte
}

type chunkOfInput struct {
	data []byte
	err  error
}

func (h *commandHost) moduleConfig() wazero.ModuleConfig {
	files := wazero.NewFSConfig().
		WithFSMount(emptyFiles{}, "/"). // for whoever asks whether there is a root
		WithReadOnlyDirMount(h.libDir, guestLib).
		WithDirMount(h.config.Dir, filepath.ToSlash(h.config.Dir)).
		WithDirMount(os.TempDir(), "/tmp")
	if h.config.TestSuite != "" {
		files = files.WithReadOnlyDirMount(h.config.TestSuite, guestLib+"/python3.13")
	}
	terminals := 0
	for n, is := range h.config.Terminals {
		if is {
			terminals |= 1 << n
		}
	}
	c := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize").
		WithArgs(append([]string{"python3"}, h.config.Args...)...).
		WithStdin(h).WithStdout(h.config.Stdout).WithStderr(h.config.Stderr).
		WithSysWalltime().WithSysNanotime().WithNanosleep(h.sleep).WithRandSource(rand.Reader).
		WithFSConfig(withDevices(files))
	path := ""
	for _, entry := range h.config.Env {
		for n := range entry {
			if entry[n] == '=' && n > 0 {
				c = c.WithEnv(entry[:n], entry[n+1:])
				if entry[:n] == "PYTHONPATH" {
					path = entry[n+1:]
				}
				break
			}
		}
	}
	if h.config.Packages != "" {
		c = c.WithEnv("PYTHONPATH", strings.TrimSuffix(filepath.ToSlash(h.config.Packages)+":"+path, ":"))
	}
	return c.WithEnv("TMPDIR", "/tmp").WithEnv("PWD", filepath.ToSlash(h.config.Dir)).
		WithEnv("PYMODE_TERMINALS", strconv.Itoa(terminals))
}

func (h *commandHost) run(ctx context.Context) (int, error) {
	h.wake = make(chan struct{}, 1)
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-h.config.Interrupt:
				h.interrupted.Store(true)
				select {
				case h.wake <- struct{}{}:
				default:
				}
			case <-done:
				return
			}
		}
	}()
	defer func() {
		close(done)
		<-stopped
	}()
	h.fuel.Set(fuelPerYield)
	results, err := h.module.ExportedFunction("pm_python").Call(hostcall.WithHost(ctx, h))
	if code, ok := exitCode(err); ok {
		return int(code), nil
	}
	if err != nil {
		return 0, fmt.Errorf("the interpreter crashed: %w", err)
	}
	return int(int32(results[0])), nil
}

// Yield implements [hostcall.Host].
func (h *commandHost) Yield(context.Context) hostcall.Stop {
	h.fuel.Set(fuelPerYield)
	if h.interrupted.Swap(false) {
		return hostcall.StopInterrupt
	}
	return hostcall.StopNone
}

// Open implements [hostcall.Linker].
func (h *commandHost) Open(ctx context.Context, path string) (int32, error) {
	return h.linker.Load(ctx, path, func(path string) ([]byte, error) {
		dir := h.config.Dir // what else the guest sees is not for code
		name, err := filepath.Rel(dir, filepath.FromSlash(path))
		if err != nil {
			return nil, err
		}
		if own, ok := strings.CutPrefix(path, guestLib+"/"); ok {
			dir, name = h.libDir, filepath.FromSlash(own)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, err
		}
		defer func() { _ = root.Close() }()
		module, err := root.ReadFile(name)
		return module, plainPathError(err)
	})
}

// Symbol implements [hostcall.Linker].
func (h *commandHost) Symbol(_ context.Context, handle int32, name string) (uint32, error) {
	return h.linker.Symbol(handle, name)
}

// Log implements [hostcall.Host].
func (h *commandHost) Log(message string) { _, _ = fmt.Fprintln(h.config.Stderr, message) }

// Call implements [hostcall.Host].
func (h *commandHost) Call(_ context.Context, op string, _, _ []byte) (result, data []byte, err error) {
	return nil, nil, fmt.Errorf("%s: there are no bindings outside of a worker", op)
}

// interrupt raises KeyboardInterrupt in a guest that waits in a host call.
func (h *commandHost) interrupt() bool {
	if !h.interrupted.Swap(false) {
		return false
	}
	_, _ = h.module.ExportedFunction("pm_interrupt").Call(context.Background())
	return true
}

func (h *commandHost) sleep(ns int64) {
	timer := time.NewTimer(time.Duration(ns))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-h.wake:
			if h.interrupt() {
				return
			}
		}
	}
}

// Read implements [io.Reader] for the guest's standard input. An interrupted
// read fails with EINTR, upon which Python looks for signals.
func (h *commandHost) Read(p []byte) (int, error) {
	if len(h.rest) > 0 {
		n := copy(p, h.rest)
		h.rest = h.rest[n:]
		return n, nil
	}
	if !h.config.Terminals[0] {
		return h.config.Stdin.Read(p)
	}
	if !h.reading {
		h.reading = true
		// This goroutine outlives an interrupted read, and hands over what it
		// has read to the next one. The process ends with the command.
		go func() {
			b := make([]byte, 64<<10)
			n, err := h.config.Stdin.Read(b)
			h.input <- chunkOfInput{b[:n], err}
		}()
	}
	for {
		select {
		case c := <-h.input:
			h.reading = false
			n := copy(p, c.data)
			h.rest = c.data[n:]
			if errors.Is(c.err, io.EOF) && n > 0 {
				c.err = nil
			}
			return n, c.err
		case <-h.wake:
			if h.interrupt() {
				return 0, syscall.EINTR
			}
		}
	}
}
