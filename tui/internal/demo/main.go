// Command demo shows the console over a made-up worker, to look at it: the
// build of the runtime, an import, some traffic, a failed import after the
// third reload, and text that means harm. No Python runs here.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"

	"pymode-tui/events"
	"pymode-tui/runtime"
	"pymode-tui/traffic"
	"pymode-tui/tui"
)

const workerName = "myworker"

func main() {
	build := flag.Duration("build", 0, "how long the build of the runtime takes")
	rate := flag.Int("logs", 0, "log lines a second, on top of the requests'")
	pause := flag.Duration("traffic", 0, "time between requests that come by themselves")
	mouse := flag.Bool("mouse", true, "handle the mouse")
	flag.Parse()

	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	if err := run(ctx, *build, *pause, *rate, *mouse); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, build, traffic time.Duration, rate int, mouse bool) error {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()

	d := &demo{}
	sub := d.stream.Subscribe(16_384)
	group.Go(func() { d.play(ctx, build, traffic) })
	if rate > 0 {
		group.Go(func() { d.flood(ctx, rate) })
	}
	return tui.Run(ctx, tui.Options{
		Events:  sub,
		Backend: d,
		Workers: []tui.WorkerInfo{{Name: workerName, Dir: "./myworker"}},
		Addr:    func() string { return "http://127.0.0.1:8787" },
		NoColor: os.Getenv("NO_COLOR") != "",
		Mouse:   mouse,
	})
}

// demo stands in for the runtime.
type demo struct {
	stream events.Stream[runtime.Event]

	mu         sync.Mutex
	generation int
	requests   int
}

// play tells a short story, then lets requests come in.
func (d *demo) play(ctx context.Context, build, traffic time.Duration) {
	if build > 0 && !d.build(ctx, build) {
		return
	}
	if d.Reload(ctx, workerName) != nil {
		return
	}
	for _, r := range script {
		if d.Do(ctx, workerName, r) != nil {
			return
		}
	}
	for i := 0; traffic > 0 && wait(ctx, traffic); i++ {
		if d.Do(ctx, workerName, script[i%len(script)]) != nil {
			return
		}
	}
}

func (d *demo) build(ctx context.Context, total time.Duration) bool {
	steps := []string{"fetch the sources", "build the native Python", "configure", "compile CPython", "link", "compile the standard library"}
	d.stream.Publish(runtime.StateChanged{Worker: workerName, At: time.Now(), State: runtime.StateBuilding})
	const ticks = 100
	for i := range ticks {
		step := i * len(steps) / ticks
		d.stream.Publish(runtime.Progress{
			At: time.Now(), Step: steps[step], Number: step + 1, Steps: len(steps), Percent: float64(i),
			Remaining: total * time.Duration(ticks-i) / ticks,
			Line:      fmt.Sprintf("zig cc -O3 -c Objects/object%d.c -o Objects/object%d.o", i, i),
		})
		if !wait(ctx, total/ticks) {
			return false
		}
	}
	return true
}

// flood logs rate lines a second.
func (d *demo) flood(ctx context.Context, rate int) {
	for i := 0; wait(ctx, 10*time.Millisecond); {
		for range max(rate/100, 1) {
			i++
			d.log("", "info", fmt.Sprintf("background line %d of a very talkative worker", i))
		}
	}
}

// Save saves nothing.
func (d *demo) Save(context.Context, string, *runtime.Request, *runtime.Result) (string, error) {
	return "", errors.ErrUnsupported // there is no project
}

// HAR archives an exchange, which holds nothing secret.
func (d *demo) HAR(_ context.Context, e *traffic.Exchange) ([]byte, error) {
	var archive bytes.Buffer
	err := traffic.WriteHAR(&archive, []*traffic.Exchange{e}, nil)
	return archive.Bytes(), err
}

// Watch has nothing to switch: there are no saved requests.
func (d *demo) Watch(bool) {}

// Reload makes a new generation. Each third one fails.
func (d *demo) Reload(ctx context.Context, worker string) error {
	d.mu.Lock()
	d.generation++
	generation := d.generation
	d.mu.Unlock()
	var files []string
	if generation > 1 {
		files = []string{"src/users.py"}
	}
	state := runtime.StateChanged{Worker: worker, At: time.Now(), State: runtime.StateImporting, Generation: generation, Files: files}
	d.stream.Publish(state)
	if !wait(ctx, 200*time.Millisecond) {
		return ctx.Err()
	}
	state.At, state.State, state.Duration = time.Now(), runtime.StateReady, 31_000
	if generation%3 == 0 {
		state.State = runtime.StateImportFailed
		state.Error = &runtime.Failure{
			Kind: runtime.FailureImport, Message: "NameError: name 'usres' is not defined",
			Traceback: []runtime.Frame{
				{File: "src/entry.py", Line: 3, Function: "<module>", Text: "from users import find, store"},
				{File: "src/users.py", Line: 41, Function: "<module>", Text: "CACHE = {u.id: u for u in usres if u.active and not u.deleted}"},
			},
		}
	}
	d.stream.Publish(state)
	return nil
}

// Do answers a request.
func (d *demo) Do(ctx context.Context, worker string, req *runtime.Request) error {
	d.mu.Lock()
	d.requests++
	id, generation := fmt.Sprint(d.requests), d.generation
	d.mu.Unlock()
	d.stream.Publish(runtime.RequestStarted{
		Worker: worker, At: time.Now(), ID: id, Generation: generation, Request: req, Method: req.Method, URL: req.URL,
	})
	wall := int64(2_100 + 700*len(req.URL))
	if strings.Contains(req.URL, "/slow") {
		wall = 2_300_000
		for i := range 20 {
			if !wait(ctx, 100*time.Millisecond) {
				return ctx.Err()
			}
			d.stream.Publish(runtime.RequestRunning{Worker: worker, At: time.Now(), ID: id, CPU: int64(i) * 100_000, Memory: int64(20+i*4) << 20})
		}
	}
	result := answer(req)
	result.ID, result.Generation = id, generation
	result.Metrics = runtime.Metrics{Start: 620, Wall: wall, CPU: wall * 6 / 10, Host: wall / 5, Memory: 22 << 20, MemoryPeak: 23 << 20}
	if strings.Contains(req.URL, "/slow") {
		result.Metrics.MemoryPeak = 112 << 20
	}
	for _, l := range result.Logs {
		d.log(id, l.Level, l.Text)
	}
	for _, call := range result.Calls {
		d.stream.Publish(runtime.Called{Worker: worker, At: time.Now(), ID: id, Generation: generation, Call: call})
	}
	d.stream.Publish(runtime.RequestDone{Worker: worker, At: time.Now(), Request: req, Result: result})
	return nil
}

func (d *demo) log(id, level, text string) {
	d.stream.Publish(runtime.Logged{Worker: workerName, At: time.Now(), ID: id, Log: runtime.Log{Level: level, Text: text}})
}

func wait(ctx context.Context, t time.Duration) bool {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
