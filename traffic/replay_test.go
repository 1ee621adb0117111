package traffic

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pymode-tui/runtime"
)

// answering is a worker in Go.
type answering func(ctx context.Context, req *runtime.Request) *runtime.Result

func (f answering) Do(ctx context.Context, req *runtime.Request) *runtime.Result { return f(ctx, req) }

func options(t *testing.T) ReplayOptions {
	return ReplayOptions{Rules: rules(t), Mask: NewMasker(nil, nil)}
}

// numbered are requests whose answer is their number.
func numbered(count int) []*Exchange {
	list := make([]*Exchange, count)
	for n := range list {
		list[n] = &Exchange{
			Request: &runtime.Request{Method: "GET", URL: fmt.Sprintf("http://localhost/%d", n)},
			Result:  &runtime.Result{Status: 200, Body: fmt.Append(nil, n)},
		}
	}
	return list
}

func echo(_ context.Context, req *runtime.Request) *runtime.Result {
	return &runtime.Result{Status: 200, Body: []byte(strings.TrimPrefix(req.URL, "http://localhost/"))}
}

func TestReplayReportsInOrder(t *testing.T) {
	var running, most atomic.Int64
	worker := answering(func(ctx context.Context, req *runtime.Request) *runtime.Result {
		if n := running.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer running.Add(-1)
		if strings.HasSuffix(req.URL, "0") {
			time.Sleep(2 * time.Millisecond)
		}
		return echo(ctx, req)
	})
	for _, concurrency := range []int{0, 1, 7} {
		most.Store(0)
		opts := options(t)
		opts.Concurrency = concurrency
		exchanges := numbered(50)
		n := 0
		err := Replay(t.Context(), worker, exchanges, opts, func(o *Outcome) {
			if o.Exchange != exchanges[n] || o.Verdict != Same {
				t.Errorf("outcome %d is %s of %s", n, o.Verdict, o.Exchange.Request.URL)
			}
			n++
		})
		if err != nil || n != 50 {
			t.Errorf("%d outcomes, error %v", n, err)
		}
		if most.Load() > int64(max(concurrency, 1)) {
			t.Errorf("%d requests at once, want %d", most.Load(), concurrency)
		}
	}
}

func TestReplayFailsFast(t *testing.T) {
	exchanges := numbered(20)
	exchanges[3].Result.Status = 500
	opts := options(t)
	opts.FailFast, opts.Concurrency = true, 3
	var verdicts []string
	err := Replay(t.Context(), answering(echo), exchanges, opts, func(o *Outcome) { verdicts = append(verdicts, string(o.Verdict)) })
	if got := strings.Join(verdicts, " "); err != nil || got != "same same same different" {
		t.Errorf("verdicts %s, error %v", got, err)
	}
}

func TestReplayIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	worker := answering(func(ctx context.Context, _ *runtime.Request) *runtime.Result {
		cancel()
		<-ctx.Done()
		return &runtime.Result{Status: 503}
	})
	err := Replay(ctx, worker, numbered(3), options(t), func(o *Outcome) { t.Errorf("outcome %s", o.Verdict) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestReplayAtTheRecordedPace(t *testing.T) {
	exchanges := numbered(3)
	for n, e := range exchanges {
		e.At = at(0).Add(time.Duration(n) * 20 * time.Millisecond)
	}
	opts := options(t)
	opts.Pace = true
	start := time.Now()
	if err := Replay(t.Context(), answering(echo), exchanges, opts, func(*Outcome) {}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 40*time.Millisecond || took > 2*time.Second {
		t.Errorf("took %v, want 40 ms", took)
	}
}

func TestReplayOfARequestWithoutAnAnswer(t *testing.T) {
	exchanges := numbered(2)
	exchanges[0].Result, exchanges[1].Result = nil, nil
	worker := answering(func(ctx context.Context, req *runtime.Request) *runtime.Result {
		r := echo(ctx, req)
		if strings.HasSuffix(req.URL, "1") {
			r.Error = &runtime.Failure{Message: "KeyError: 'a'", Traceback: []runtime.Frame{{File: "entry.py", Line: 7}}}
		}
		return r
	})
	var outcomes []*Outcome
	if err := Replay(t.Context(), worker, exchanges, options(t), func(o *Outcome) { outcomes = append(outcomes, o) }); err != nil {
		t.Fatal(err)
	}
	if o := outcomes[0]; o.Verdict != New || !o.Passed() || string(o.Updated().Result.Body) != "0" {
		t.Errorf("outcome %+v", o)
	}
	if o := outcomes[1]; o.Verdict != Failed || o.Passed() || o.Reason != "KeyError: 'a' (entry.py:7)" {
		t.Errorf("outcome %+v", o)
	}
}

func TestFilter(t *testing.T) {
	e := &Exchange{Name: "create order", Worker: "shop", Request: &runtime.Request{Method: "POST", URL: "http://localhost/orders/7?a=1"}, Result: &runtime.Result{Status: 503}}
	for text, want := range map[string]bool{
		"": true, "method:post": true, "method:GET": false, "status:5xx": true, "status:503": true, "status:2xx": false,
		"path:/orders/*": true, "path:/orders": false, "name:create*": true, "worker:shop status:5xx": true, "worker:shop status:2xx": false,
		"ORDERS": true, "http://localhost/orders": true, "users": false,
	} {
		f, err := ParseFilter(text)
		if err != nil || f.Match(e) != want {
			t.Errorf("%q: match %v, error %v", text, !want, err)
		}
	}
	if _, err := ParseFilter("colour:red"); err == nil {
		t.Error("an unknown word is no error")
	}
}

func TestSave(t *testing.T) {
	dir := t.TempDir() + "/requests"
	e := order()
	e.Result.Body = make([]byte, 10)
	if err := Save(dir, "Create order: ü!", e); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFile(dir + "/create-order-ü.exchange")
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "Create order: ü!" || len(got.Result.Body) != 10 || got.Result.Logs[0].At != 0 || got.Result.Calls[0].Duration != 0 || got.Result.Metrics.CPU != 3 {
		t.Errorf("saved %+v", got.Result)
	}
	if e.Result.Logs[0].At == 0 {
		t.Error("the exchange itself was changed")
	}
	e.Result.Body = []byte("text now")
	if err := Save(dir, "Create order: ü!", e); err != nil {
		t.Fatal(err)
	}
	files, err := requestNames(dir)
	if err != nil || files != "create-order-ü.exchange" {
		t.Errorf("files %s, error %v", files, err)
	}
	if err := Save(dir, "../..", e); err == nil {
		t.Error("a name without a letter is no error")
	}
}
