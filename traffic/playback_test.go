package traffic

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pymode-tui/runtime"
)

// world answers every call, each time differently.
type world struct{ count int }

func (w *world) Open(context.Context, runtime.CallerInfo) runtime.Calls { return w }

func (w *world) next() string { w.count++; return fmt.Sprint(w.count) }

func (w *world) Call(_ context.Context, op string, _, _ []byte) ([]byte, []byte, error) {
	if op == "kv.fail" {
		return nil, nil, errors.New("TypeError: no " + w.next())
	}
	return []byte(w.next()), []byte{0xff, byte(w.count)}, nil
}
func (w *world) Close() {}
func (w *world) TCPConnect(context.Context, string, int) (int32, error) {
	return int32(len(w.next())), nil
}

func (w *world) TCPSend(_ context.Context, _ int32, data []byte) (int, error) { return len(data), nil }

func (w *world) TCPReceive(_ context.Context, _ int32, buf []byte) (int, error) {
	return copy(buf, "received "+w.next()), nil
}
func (w *world) TCPClose(context.Context, int32) {}
func (w *world) HTTPFetch(context.Context, string, string, []byte, []byte) (int, []byte, []byte, error) {
	return 200, []byte(`[["A","` + w.next() + `"]]`), []byte(w.next()), nil
}
func (w *world) KVGet(context.Context, []byte) ([]byte, bool) { return []byte(w.next()), true }
func (w *world) KVPut(context.Context, []byte, []byte)        {}
func (w *world) KVDelete(context.Context, []byte)             {}
func (w *world) KVMultiGet(context.Context, []byte) ([][]byte, error) {
	return [][]byte{nil, []byte(w.next()), {0xff}}, nil
}
func (w *world) KVMultiPut(context.Context, [][2][]byte)      {}
func (w *world) R2Get(context.Context, []byte) ([]byte, bool) { return nil, false }
func (w *world) R2Put(context.Context, []byte, []byte)        {}
func (w *world) D1Exec(context.Context, []byte, []byte) ([]byte, error) {
	return []byte(w.next()), nil
}

func (w *world) D1Batch(context.Context, []byte) ([]byte, error) {
	return nil, errors.New("no " + w.next())
}
func (w *world) Env(context.Context, string) (string, bool) { return "", false }

// everything makes every call and says what came of it.
func everything(ctx context.Context, c runtime.Calls) []string {
	var told []string
	tell := func(values ...any) { told = append(told, fmt.Sprintf("%q", values)) }
	r, b, err := c.Call(ctx, "kv.get", []byte(`{"binding":"KV","key":"a"}`), nil)
	tell(r, b, err)
	r, b, err = c.Call(ctx, "kv.get", []byte(`{"binding":"KV","key":"a"}`), nil)
	tell(r, b, err)
	_, _, err = c.Call(ctx, "kv.fail", nil, []byte("x"))
	tell(err)
	id, err := c.TCPConnect(ctx, "example.com", 80)
	tell(id, err)
	n, err := c.TCPSend(ctx, id, []byte("abc"))
	tell(n, err)
	buf := make([]byte, 20)
	n, err = c.TCPReceive(ctx, id, buf)
	tell(buf[:n], err)
	c.TCPClose(ctx, id)
	status, h, b, err := c.HTTPFetch(ctx, "POST", "http://example.com/", []byte(`{"B":"1"}`), []byte("body"))
	tell(status, h, b, err)
	value, found := c.KVGet(ctx, []byte("KV\x00a"))
	tell(value, found)
	c.KVPut(ctx, []byte("KV\x00a"), []byte("1"))
	c.KVDelete(ctx, []byte("KV\x00a"))
	values, err := c.KVMultiGet(ctx, []byte(`["a"]`))
	tell(values, values[0] == nil, err)
	c.KVMultiPut(ctx, [][2][]byte{{[]byte("a"), {0xff}}})
	value, found = c.R2Get(ctx, []byte("R2\x00a"))
	tell(value, found)
	c.R2Put(ctx, []byte("R2\x00a"), nil)
	r, err = c.D1Exec(ctx, []byte("SELECT 1"), []byte("[]"))
	tell(r, err)
	r, err = c.D1Batch(ctx, []byte("[]"))
	tell(r, err)
	o := c.(runtime.Outside)
	random := make([]byte, 8)
	o.Random(random)
	tell(random, o.Walltime(time.Now()).UnixNano(), o.Walltime(time.Now()).UnixNano(), o.Nanotime(time.Now().UnixNano()))
	return told
}

func record(t *testing.T, run func(ctx context.Context, c runtime.Calls) []string) (*Recording, []string) {
	t.Helper()
	r := &Recorder{}
	ctx := WithRecorder(t.Context(), r)
	calls := Recorded(&world{}).Open(ctx, runtime.CallerInfo{Worker: "shop", ID: "1"})
	told := run(ctx, calls)
	calls.Close()
	e := &Exchange{Request: &runtime.Request{Method: "GET", URL: "/"}, Recording: r.Recording()}
	path := t.TempDir() + "/x.exchange" // through a file, as it will be
	write(t, path, e)
	read, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return read.Recording, told
}

func playBack(t *testing.T, r *Recording) (*Playback, context.Context, runtime.Calls) {
	t.Helper()
	p := NewPlayback(r, nil)
	ctx := WithPlayback(t.Context(), p)
	return p, ctx, Hermetic(&world{}).Open(ctx, runtime.CallerInfo{Worker: "shop", ID: "1"})
}

func TestPlaybackAnswersAsRecorded(t *testing.T) {
	recording, want := record(t, everything)
	for range 2 {
		p, ctx, calls := playBack(t, recording)
		if diff := cmp.Diff(want, everything(ctx, calls)); diff != "" {
			t.Errorf("the answers are others (-recorded +played):\n%s", diff)
		}
		if len(p.Unrecorded())+len(p.Missing()) > 0 {
			t.Errorf("not recorded %v, missing %v", p.Unrecorded(), p.Missing())
		}
	}
}

func TestPlaybackTellsWhatIsNotRecorded(t *testing.T) {
	get := func(key string) []byte { return encodeArgs(map[string]string{"binding": "KV", "key": key}) }
	recording, _ := record(t, func(ctx context.Context, c runtime.Calls) []string {
		for _, key := range []string{"a", "b", "c"} {
			_, _, _ = c.Call(ctx, "kv.get", get(key), nil)
		}
		return nil
	})
	p, ctx, calls := playBack(t, recording)
	// Another order is no matter, another key is.
	for key, want := range map[string]string{"c": "3", "a": "1"} {
		if r, _, err := calls.Call(ctx, "kv.get", get(key), nil); err != nil || string(r) != want {
			t.Errorf("%s: %s, %v", key, r, err)
		}
	}
	_, _, err := calls.Call(ctx, "kv.get", get("x"), nil)
	if err == nil || err.Error() != "ReplayError: the recording has no answer to kv.get KV x" {
		t.Errorf("error %v", err)
	}
	if _, _, err := calls.Call(ctx, "replay.line", []byte(`{"file":"entry.py","line":3,"function":"on_fetch"}`), nil); err != nil {
		t.Fatal(err)
	}
	if u := p.Unrecorded(); len(u) != 1 || u[0].Text() != "not recorded: kv.get KV x (entry.py:3, in on_fetch)" {
		t.Errorf("not recorded: %v", u)
	}
	want := []RecordedCall{{Op: "kv.get", Args: get("b")}}
	if diff := cmp.Diff(want, p.Missing(), cmpopts.IgnoreFields(RecordedCall{}, "Result", "Body")); diff != "" {
		t.Error(diff)
	}
}

func TestPlaybackOfSmallerReads(t *testing.T) {
	recording, _ := record(t, func(ctx context.Context, c runtime.Calls) []string {
		_, err := c.TCPReceive(ctx, 1, make([]byte, 100))
		return []string{fmt.Sprint(err)}
	})
	_, ctx, calls := playBack(t, recording)
	received := ""
	for range 3 {
		buf := make([]byte, 4)
		n, err := calls.TCPReceive(ctx, 1, buf)
		if err != nil {
			t.Fatal(err)
		}
		received += string(buf[:n])
	}
	if received != "received 1"[:10] {
		t.Errorf("received %q", received)
	}
}

// A clock that is read more often than it was goes on; what is slept passes.
func TestPlayedClockGoesOn(t *testing.T) {
	c := newPlayedClock(&Recording{Clock: at(0), Wall: []int64{5}, Start: 100, Mono: []int64{7}})
	now := time.Now()
	if got := c.Walltime(now).Sub(at(0)); got != 5 {
		t.Errorf("first reading %d", got)
	}
	if got := c.Nanotime(1); got != 107 {
		t.Errorf("first reading %d", got)
	}
	if !c.Sleep(time.Hour) {
		t.Error("a sleep waits")
	}
	if got := c.Walltime(now).Sub(at(0)); got != time.Hour+time.Microsecond+5 {
		t.Errorf("after the sleep %v", got)
	}
	if got := c.Nanotime(1); got != 107+int64(time.Hour+time.Microsecond) {
		t.Errorf("after the sleep %d", got)
	}
}

func TestRecordingIsBounded(t *testing.T) {
	recording, _ := record(t, func(ctx context.Context, c runtime.Calls) []string {
		for range 3 {
			c.KVPut(ctx, []byte("a"), make([]byte, maxRecordedBytes/2))
		}
		return nil
	})
	if len(recording.Calls) != 1 || recording.unfit() != "the recording is incomplete: it has more than 10000 host calls, or 16 MB of them" {
		t.Errorf("%d calls, %q", len(recording.Calls), recording.unfit())
	}
	clock, _ := record(t, func(_ context.Context, c runtime.Calls) []string {
		for range maxReadings + 1 {
			c.(runtime.Outside).Nanotime(1)
		}
		return nil
	})
	if len(clock.Mono) != maxReadings || clock.unfit() == "" {
		t.Errorf("%d readings, %q", len(clock.Mono), clock.unfit())
	}
}

// The calls of a worker that a recorded request calls are not the request's.
func TestRecorderRecordsOneRequest(t *testing.T) {
	r := &Recorder{}
	ctx := WithRecorder(t.Context(), r)
	bindings := Recorded(&world{})
	bindings.Open(ctx, runtime.CallerInfo{Worker: "shop", ID: "1"})
	for _, info := range []runtime.CallerInfo{{Worker: "other", ID: "1"}, {Worker: "shop"}} {
		if _, recording := bindings.Open(ctx, info).(runtime.Outside); recording {
			t.Errorf("%+v is recorded", info)
		}
	}
	if _, recording := bindings.Open(WithRecorder(ctx, nil), runtime.CallerInfo{Worker: "shop", ID: "1"}).(runtime.Outside); recording {
		t.Error("recorded without a recorder")
	}
}

// vault gives secrets, in each way in which a worker can get them.
type vault struct{ world }

func (v *vault) Open(context.Context, runtime.CallerInfo) runtime.Calls { return v }

func (v *vault) Call(context.Context, string, []byte, []byte) ([]byte, []byte, error) {
	return []byte(`{"value":"s3cr\"et"}`), []byte(`token=s3cr"et`), nil
}

func (v *vault) KVMultiGet(context.Context, []byte) ([][]byte, error) {
	return [][]byte{[]byte(`s3cr"et`), []byte(`a s3cr"et b`)}, nil
}

// What a recording says with the name of a secret, the worker gets with its value;
// a name that is not known here is told.
func TestPlaybackPutsSecretsBack(t *testing.T) {
	ask := func(ctx context.Context, c runtime.Calls) string {
		result, body, err := c.Call(ctx, "kv.get", []byte(`{"key":"s3cr\"et"}`), nil)
		values, err2 := c.KVMultiGet(ctx, []byte("keys"))
		return fmt.Sprintf("%s %s %q %v %v", result, body, values, err, err2)
	}
	r := &Recorder{}
	ctx := WithRecorder(t.Context(), r)
	want := ask(ctx, Recorded(&vault{}).Open(ctx, runtime.CallerInfo{Worker: "shop", ID: "1"}))
	mask := NewMasker(map[string]string{"TOKEN": `s3cr"et`}, nil)
	recording := mask.recording(r.Recording())
	text, _, err := (&Exchange{Recording: recording}).encode("x")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(want, `a s3cr\"et b`) {
		t.Fatalf("the worker got %s", want)
	}
	for _, secret := range []string{"s3cr", "czNjciJld", "zM2NyImV0", "MzY3IiZX"} { // base64 too, wherever it begins
		if strings.Contains(string(text), secret) {
			t.Errorf("%s is in\n%s", secret, text)
		}
	}
	p := NewPlayback(recording, mask)
	ctx = WithPlayback(t.Context(), p)
	if got := ask(ctx, Hermetic(&world{}).Open(ctx, runtime.CallerInfo{Worker: "shop", ID: "1"})); got != want {
		t.Errorf("played %s, want %s", got, want)
	}
	if len(p.missing)+len(p.Unrecorded()) > 0 {
		t.Errorf("missing %q, not recorded %v", p.missing, p.Unrecorded())
	}

	e := &Exchange{Request: &runtime.Request{Method: "GET", URL: "http://localhost/"}, Recording: recording}
	worker := answering(func(ctx context.Context, _ *runtime.Request) *runtime.Result {
		c := Hermetic(&world{}).Open(ctx, runtime.CallerInfo{Worker: "shop", ID: "1"})
		result, _, err := c.Call(ctx, "kv.get", []byte(`{"key":"[secret:TOKEN:json]"}`), nil)
		if err != nil {
			t.Error(err)
		}
		return &runtime.Result{Status: 200, Body: result}
	})
	var note string
	opts := options(t)
	opts.Hermetic = true
	if err := Replay(t.Context(), worker, []*Exchange{e}, opts, func(o *Outcome) { note = o.Note }); err != nil {
		t.Fatal(err)
	}
	if note != "TOKEN is not in .dev.vars: the worker gets [secret:TOKEN]" {
		t.Errorf("note %q", note)
	}
}
