package main

import (
	"context"
	"time"

	"pymode-tui/project"
	"pymode-tui/runtime"
	"pymode-tui/traffic"
)

// Where a captured request came from.
const (
	sourceGateway = "gateway"
	sourceConsole = "console"
)

// startCapture keeps what is sent to a worker, unless the user does not want it.
func (s *session) startCapture(v *served) {
	v.mask.Store(masker(v.project))
	if s.flags.noCapture {
		return
	}
	v.capture = traffic.NewCapture(func() (*traffic.Store, error) {
		return traffic.Open(trafficDir(v.project, s.flags), captureLimits(v.current()))
	}, func(text string) { s.notice("%s: %s", v.project.Name, text) })
}

// config is a project's worker with bindings whose calls can be recorded.
func (s *session) config(p *project.Project) runtime.Config {
	c := workerConfig(p, s.flags, s.bindings, s.observe)
	c.Bindings = traffic.Recorded(c.Bindings)
	return c
}

// send lets the worker, which must be there, answer a request, and captures the
// exchange. What workers ask of each other is a host call of the request that
// came from outside, and in its recording.
func (v *served) send(ctx context.Context, req *runtime.Request, source string) *runtime.Result {
	w := v.worker.Load()
	if v.capture == nil || req.Parent != nil {
		return w.Do(traffic.WithRecorder(ctx, nil), req)
	}
	recorder := &traffic.Recorder{}
	e := &traffic.Exchange{At: time.Now(), Worker: v.project.Name, Source: source, Request: req}
	e.Result = w.Do(traffic.WithRecorder(ctx, recorder), req)
	e.Recording = recorder.Recording()
	v.sent.add(e.Result.ID, e.At)
	v.capture.Add(e, v.mask.Load())
	return e.Result
}
