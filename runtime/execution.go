package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	goruntime "runtime"
	"strings"
	"time"

	"pymode-tui/runtime/hostcall"

	"github.com/tetratelabs/wazero/sys"
)

// executionConfig is what an execution may use and whom it tells.
type executionConfig struct {
	engine    *Engine
	cpuLimit  time.Duration
	wallLimit time.Duration // none where 0
	fuel      uint64        // loops between two yields, fuelPerYield where 0
	input     io.Reader     // the guest's standard input, empty where nil
	env       map[string]Binding
	bindings  Bindings // none where nil
	caller    CallerInfo
	onLog     func(Log)
	onCall    func(Call)
	onModule  func(Module)
	onRunning func(cpu, memory int64) // a few times a second, in µs and bytes
}

// execution is one run of a guest: an import or a request. It is the guest's
// host: what the guest does on the way is collected here. All of it happens on
// the goroutine that calls run.
type execution struct {
	hostcall.Unavailable
	executionConfig

	in        *instance
	ctx       context.Context // of the run
	started   time.Time
	cpuStart  time.Duration
	hostCPU   time.Duration // of the thread, inside of host calls
	hostTime  time.Duration // wall time inside of host calls
	telling   time.Duration // the thread's CPU time when the guest began to tell of an import, 0 while it does not
	halted    time.Duration // the thread's CPU time at a stop, 0 before: wazero leaves the guest's stack at some length
	softStop  time.Duration // the CPU time at which the soft stop was, 0 before
	announced time.Time     // when onRunning was called last

	logs        logBook
	failure     *Failure
	stopped     []Frame // the user's lines that were running when one of the stops below came
	warnings    []string
	packages    []string // modules that an import took from site-packages
	calls       Calls
	outside     Outside  // nil for the machine's clocks
	threads     *threads // nil at import
	callLog     []Call
	imports     importBook
	modules     []Module
	responding  bool
	response    bytes.Buffer
	stdoutLines lineSplitter
	stderrLines lineSplitter
}

func newExecution(config executionConfig) *execution {
	x := &execution{executionConfig: config}
	if x.fuel == 0 {
		x.fuel = fuelPerYield
	}
	x.stdoutLines.emit = func(line string) { x.log("info", line) }
	x.stderrLines.emit = func(line string) { x.log("error", line) }
	return x
}

// DescriptorsShared implements [hostcall.Descriptors].
func (x *execution) DescriptorsShared(change int) { x.in.files.open.Add(int64(change)) }

// A stop ends the guest from inside of a host call.
var (
	errCPU       = errors.New("the CPU limit is used up")
	errWall      = errors.New("the time limit is used up")
	errCancelled = errors.New("cancelled")
	errResponse  = errors.New("the response is too large")
)

// usage is what an execution has cost.
type usage struct {
	wall, cpu, host time.Duration
	memory          int64
}

// run calls f, which calls into the instance, and returns what ended it: nil,
// one of the stops above, *sys.ExitError, or a trap.
func (x *execution) run(ctx context.Context, in *instance, f func(context.Context) error) error {
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	if x.wallLimit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, x.wallLimit, errWall)
		defer cancel()
	}
	x.ctx, x.in, in.x = ctx, in, x
	defer func() { in.x = nil }()
	x.started = time.Now()
	x.cpuStart = threadCPU()
	x.announced = x.started
	if x.bindings == nil {
		x.bindings = noBindings{}
	}
	caller := x.caller
	caller.Env = x.env
	caller.Warn = func(text string) { x.log("warning", text) }
	x.calls = x.bindings.Open(ctx, caller)
	defer x.calls.Close()
	x.outside, _ = x.calls.(Outside)
	in.fuel.Set(x.fuel)
	err := f(hostcall.WithHost(ctx, x))
	x.stdoutLines.flush()
	x.stderrLines.flush()
	for _, stop := range []error{errCPU, errWall, errCancelled, errResponse} {
		if errors.Is(err, stop) {
			x.hosting(func() { x.stopped = in.userFrames() }) // no work of the guest's
			return stop
		}
	}
	return err
}

// halt ends the guest with one of the stops.
func (x *execution) halt(stop error) {
	x.halted = threadCPU()
	panic(stop)
}

// cost is what has been used up to now; called on the run's goroutine.
func (x *execution) cost() usage {
	end := x.halted
	if end == 0 {
		end = threadCPU()
	}
	return usage{
		wall:   time.Since(x.started),
		cpu:    end - x.cpuStart - x.hostCPU,
		host:   x.hostTime,
		memory: int64(x.in.module.Memory().Size()),
	}
}

// Yield implements [hostcall.Host]: the place where budgets are kept.
func (x *execution) Yield(ctx context.Context) hostcall.Stop {
	x.in.fuel.Set(x.fuel)
	x.mustGoOn(ctx)
	cpu := threadCPU() - x.cpuStart - x.hostCPU
	if x.onRunning != nil {
		if now := time.Now(); now.Sub(x.announced) > 100*time.Millisecond {
			x.announced = now
			x.onRunning(cpu.Microseconds(), int64(x.in.module.Memory().Size()))
		}
	}
	switch {
	case cpu < x.cpuLimit:
		return hostcall.StopNone
	case x.softStop == 0:
		x.softStop = cpu
		return hostcall.StopCPU
	case cpu-x.softStop > grace:
		x.halt(errCPU)
	}
	return hostcall.StopNone
}

// charge counts what the host does with so many bytes of the guest's as the
// guest's own work: a guest that does little else would not yield for seconds.
func (x *execution) charge(bytes int) {
	const perLoop = 32 // as wasmbin.AddBulkChecks counts
	if left, cost := x.in.fuel.Get(), uint64(bytes)/perLoop; left > cost {
		x.in.fuel.Set(left - cost)
	} else {
		x.in.fuel.Set(1)
	}
}

// mustGoOn panics where the execution is to end.
func (x *execution) mustGoOn(ctx context.Context) {
	if ctx.Err() == nil {
		return
	}
	if errors.Is(context.Cause(ctx), errWall) {
		x.halt(errWall)
	}
	x.halt(errCancelled)
}

// sleep waits on behalf of the guest; none of it is CPU time.
func (x *execution) sleep(ns int64) {
	if ns <= 0 || x.outside != nil && x.outside.Sleep(time.Duration(ns)) {
		return
	}
	timer := time.NewTimer(time.Duration(ns))
	defer timer.Stop()
	x.hosting(func() {
		select {
		case <-timer.C:
		case <-x.ctx.Done():
		}
	})
	x.mustGoOn(x.ctx)
}

// hosting runs f as a host call: its time is not the worker's.
func (x *execution) hosting(f func()) {
	start, cpu := time.Now(), threadCPU()
	f()
	x.hostTime += time.Since(start)
	x.hostCPU += threadCPU() - cpu
}

// Log implements [hostcall.Host].
func (x *execution) Log(message string) { x.log("log", message) }

func (x *execution) log(level, text string) {
	l := Log{Level: level, Text: text, At: time.Since(x.started).Microseconds()}
	if x.logs.add(l) && x.onLog != nil {
		x.onLog(l)
	}
}

// Call implements [hostcall.Host].
func (x *execution) Call(ctx context.Context, op string, args, data []byte) (result, resultData []byte, err error) {
	x.charge(len(args) + len(data))
	switch op {
	case "log":
		var a struct {
			Level string `json:"level"`
		}
		if err := json.Unmarshal(args, &a); err != nil {
			return nil, nil, fmt.Errorf("log: %w", err)
		}
		x.log(a.Level, strings.ToValidUTF8(string(data), "\ufffd"))
	case "respond":
		x.stdoutLines.flush()
		x.responding = true
	case "failure":
		var f Failure
		if err := json.Unmarshal(args, &f); err != nil {
			return nil, nil, fmt.Errorf("failure: %w", err)
		}
		x.failure = &f
	case "warning":
		var a struct {
			Text string `json:"text"`
		}
		if err := json.Unmarshal(args, &a); err != nil {
			return nil, nil, fmt.Errorf("warning: %w", err)
		}
		x.warnings = append(x.warnings, a.Text)
		x.log("warning", a.Text)
	case "packages":
		if err := json.Unmarshal(args, &x.packages); err != nil {
			return nil, nil, fmt.Errorf("packages: %w", err)
		}
	case "imports.telling":
		x.telling = threadCPU()
	case "imports":
		err = x.imported(args)
	case "replay.line": // says where a call came from: no call of the worker's
		result, resultData, err = x.calls.Call(ctx, op, args, data)
	case "thread.error":
		result, err = x.threads.lastError()
	default:
		x.hostCall(ctx, op, len(args)+len(data), func(ctx context.Context) (int, error) {
			result, resultData, err = x.calls.Call(ctx, op, args, data)
			return len(result) + len(resultData), err
		})
	}
	return result, resultData, err
}

// unknownOp is the answer to a general call that nobody knows.
func unknownOp(op string) error { return fmt.Errorf("the host knows no call %q", op) }

// maxResponse is the largest response document, which is no more than the
// guest's memory could hold.
const maxResponse = 256 << 20

// writeOutput takes what the guest writes to its standard output: log lines,
// until it says that the response begins.
func (x *execution) writeOutput(p []byte) (int, error) {
	x.charge(len(p))
	if !x.responding {
		x.stdoutLines.write(p)
		return len(p), nil
	}
	if x.response.Len()+len(p) > maxResponse {
		x.halt(errResponse)
	}
	return x.response.Write(p)
}

// logError is what the guest complained of, as an error.
func (x *execution) logError() error {
	var lines []string
	for _, l := range x.logs.entries {
		lines = append(lines, l.Text)
	}
	if len(lines) == 0 {
		return nil
	}
	return errors.New(strings.Join(lines, "\n"))
}

// exitCode is the code of a guest that ended itself.
func exitCode(err error) (code uint32, ok bool) {
	var exit *sys.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), true
	}
	return 0, false
}
