package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Do answers one request in an instance of its own. There always is a result:
// what goes wrong is in its Error, with the response that a client is to get.
func (w *Worker) Do(ctx context.Context, req *Request) *Result {
	start := time.Now()
	observe := w.observer(ctx)
	id := w.nextID()
	result := &Result{ID: id}
	ctx, end, err := w.begin(ctx)
	if err != nil {
		return w.refuse(observe, result, req, start, err)
	}
	defer end()
	g, err := w.generation(ctx)
	if err != nil {
		return w.refuse(observe, result, req, start, err)
	}
	defer g.release()
	result.Generation = g.number
	observe(RequestStarted{
		Worker: w.settings().Name, At: start, ID: id, Generation: g.number,
		Request: req, Method: req.Method, URL: req.URL, Parent: req.Parent,
	})
	if g.failure != nil {
		result.fail(g.failure, 500)
		return w.done(observe, result, req)
	}
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	case <-ctx.Done():
		return w.refuse(observe, result, req, start, ctx.Err())
	}
	in, err := g.take(ctx)
	if err != nil {
		result.fail(&Failure{Kind: FailureProtocol, Message: fmt.Sprintf("no instance: %v", err)}, 503)
		return w.done(observe, result, req)
	}
	result.Metrics.Start = time.Since(start).Microseconds()
	endedWell := w.serve(ctx, in, g, req, result)
	g.giveBack(in, endedWell)
	return w.done(observe, result, req)
}

// refuse answers a request that got no instance.
func (w *Worker) refuse(observe func(Event), result *Result, req *Request, start time.Time, err error) *Result {
	result.Metrics.Start = time.Since(start).Microseconds()
	result.fail(&Failure{Kind: FailureProtocol, Message: err.Error()}, 503)
	return w.done(observe, result, req)
}

func (w *Worker) done(observe func(Event), result *Result, req *Request) *Result {
	observe(RequestDone{Worker: w.settings().Name, At: time.Now(), Request: req, Result: result})
	return result
}

// serve runs the handler and reports whether the guest returned in good order,
// whatever it answered.
func (w *Worker) serve(ctx context.Context, in *instance, g *generation, req *Request, result *Result) (endedWell bool) {
	input, err := requestDocument(req, g.env)
	if err != nil {
		result.fail(&Failure{Kind: FailureProtocol, Message: err.Error()}, 500)
		return true
	}
	caller := CallerInfo{Worker: w.settings().Name, ID: result.ID, Chain: []string{w.settings().Name}}
	if req.Parent != nil {
		caller.Chain = append(slices.Clip(req.Parent.Chain), caller.Chain...)
	}
	observe := w.observer(ctx)
	x := newExecution(executionConfig{
		engine: w.engine, cpuLimit: w.settings().CPULimit, wallLimit: w.settings().WallLimit, fuel: w.settings().fuel, input: input,
		env: g.settings.Env, bindings: g.settings.Bindings, caller: caller,
		onCall: func(c Call) {
			observe(Called{Worker: w.settings().Name, At: time.Now(), ID: result.ID, Generation: g.number, Call: c})
		},
		onModule: func(m Module) {
			observe(Loaded{Worker: w.settings().Name, At: time.Now(), ID: result.ID, Generation: g.number, Module: m})
		},
		onLog: func(l Log) {
			observe(Logged{Worker: w.settings().Name, At: time.Now(), ID: result.ID, Generation: g.number, Log: l})
		},
		onRunning: func(cpu, memory int64) {
			observe(RequestRunning{Worker: w.settings().Name, At: time.Now(), ID: result.ID, CPU: cpu, Memory: memory})
		},
	})
	x.threads = newThreads(ctx, g, x, result.ID)
	var cost usage
	err = x.run(ctx, in, func(ctx context.Context) error {
		defer func() { cost = x.cost() }()
		return in.call(ctx, "_start")
	})
	x.threads.end()
	result.Metrics.Wall = cost.wall.Microseconds()
	result.Metrics.CPU = cost.cpu.Microseconds()
	result.Metrics.Host = cost.host.Microseconds()
	result.Metrics.Memory, result.Metrics.MemoryPeak = cost.memory, cost.memory
	if note, ok := x.logs.note(cost.wall.Microseconds()); ok {
		x.logs.entries = append(x.logs.entries, note)
		x.onLog(note)
	}
	result.Logs, result.Calls, result.Modules = x.logs.entries, x.callLog, x.modules
	x.answer(err, result, g.settings)
	return err == nil
}

// answer turns what came of an execution into a response.
func (x *execution) answer(err error, result *Result, config *settings) {
	failure := x.requestFailure(err, config)
	if failure == nil {
		response, err := parseResponse(x.response.Bytes())
		if err != nil {
			failure = &Failure{Kind: FailureProtocol, Message: err.Error()}
		} else {
			result.Status, result.Headers, result.Body = response.Status, response.Headers, response.Body
			return
		}
	}
	switch failure.Kind {
	case FailureCPU, FailureMemory:
		result.fail(failure, 503)
		result.Body = []byte("error code: 1102\nWorker exceeded resource limits\n\n" + failure.text())
	default:
		// The guest's own 500 has the whole traceback, with its causes.
		if response, err := parseResponse(x.response.Bytes()); err == nil && x.failure == failure {
			result.Status, result.Headers, result.Body, result.Error = response.Status, response.Headers, response.Body, failure
			return
		}
		result.fail(failure, 500)
	}
}

// requestFailure says why an execution brought no response, nil where it did.
func (x *execution) requestFailure(err error, config *settings) *Failure {
	frames := x.stopped
	if x.failure != nil {
		frames = x.failure.Traceback
	}
	failed := func(kind FailureKind, format string, args ...any) *Failure {
		return &Failure{Kind: kind, Message: fmt.Sprintf(format, args...), Traceback: frames}
	}
	cpu := func() *Failure {
		return failed(FailureCPU, "the worker used up its %v of CPU time%s", config.CPULimit, at(frames))
	}
	memory := func() *Failure {
		return failed(FailureMemory, "the worker used up its %d MB of memory%s", config.MemoryLimit>>20, at(frames))
	}
	if errors.Is(err, errCPU) {
		return cpu()
	}
	if x.failure != nil {
		switch {
		case x.softStop > 0: // what was raised after the soft stop came of it
			return cpu()
		case x.failure.Kind == FailureMemory:
			return memory()
		}
	}
	if code, ok := exitCode(err); ok {
		return failed(FailureException, "the worker ended the process with exit code %d", code)
	}
	switch {
	case err == nil:
		return x.failure
	case errors.Is(err, errWall):
		return failed(FailureException, "the request took longer than %v%s", config.WallLimit, at(frames))
	case errors.Is(err, errCancelled):
		return failed(FailureException, "the request was cancelled")
	case errors.Is(err, errResponse):
		return failed(FailureProtocol, "the response is larger than %d MB", maxResponse>>20)
	case x.in.module.Memory().Size() > uint32(config.MemoryLimit*9/10):
		return memory()
	default:
		return failed(FailureException, "the interpreter crashed: %s", firstLine(err))
	}
}

// at says where, if that is known.
func at(frames []Frame) string {
	if len(frames) == 0 {
		return ""
	}
	f := frames[len(frames)-1]
	return fmt.Sprintf(", in %s, line %d", f.File, f.Line)
}

// fail makes the result the plain answer to a failure.
func (r *Result) fail(f *Failure, status int) {
	r.Status, r.Error = status, f
	r.Headers = []Header{{"content-type", "text/plain; charset=utf-8"}}
	r.Body = []byte(f.text())
}

// text is the failure as a person reads it: Python's form of a traceback.
func (f *Failure) text() string {
	var b strings.Builder
	if len(f.Traceback) > 0 {
		b.WriteString("Traceback (most recent call last):\n")
		for _, frame := range f.Traceback {
			fmt.Fprintf(&b, "  File \"%s\", line %d, in %s\n", frame.File, frame.Line, frame.Function)
			if frame.Text != "" {
				fmt.Fprintf(&b, "    %s\n", frame.Text)
			}
		}
	}
	b.WriteString(f.Message)
	b.WriteString("\n")
	return b.String()
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
