package traffic

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/runtime/hostcall"
)

// What of one request is recorded. What is more makes a recording incomplete.
const (
	maxRecordedBytes = 16 << 20 // of all calls
	maxRecordedCalls = 10_000
	maxReadings      = 10_000 // of each clock
)

// Recorder makes the recording of one request: bindings that went through
// [Recorded] find it in the request's context.
type Recorder struct {
	mu     sync.Mutex
	worker string // whose request it is of, "" before it began
	id     string
	root   *Recording
	bytes  int
	calls  int
}

type recorderKey struct{}

// WithRecorder returns a context for a request that r records. An r of nil keeps
// the recorder of an outer request from recording this one.
func WithRecorder(ctx context.Context, r *Recorder) context.Context {
	return context.WithValue(ctx, recorderKey{}, r)
}

// Recording is what was recorded, once the request is done; nil where it never began.
func (r *Recorder) Recording() *Recording {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.root
}

// track begins the recording of an instance; nil where it is of another request.
func (r *Recorder) track(info runtime.CallerInfo) *Recording {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.id == "" {
		r.worker, r.id = info.Worker, info.ID
	}
	if r.worker != info.Worker || r.id != info.ID || info.Child > maxChildren {
		return nil
	}
	track := &Recording{Clock: time.Now().UTC(), Random: make([]byte, 32)}
	_, _ = rand.Read(track.Random) // never fails
	if info.Child == 0 {
		r.root = track
		return track
	}
	if r.root == nil {
		return nil
	}
	for len(r.root.Children) < info.Child {
		r.root.Children = append(r.root.Children, nil)
	}
	r.root.Children[info.Child-1] = track
	return track
}

// room counts a call and reports whether it can be kept.
func (r *Recorder) room(bytes int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	r.bytes += bytes
	ok := r.calls <= maxRecordedCalls && r.bytes <= maxRecordedBytes
	if !ok && r.root.Incomplete == "" {
		r.root.Incomplete = fmt.Sprintf("it has more than %d host calls, or %d MB of them", maxRecordedCalls, maxRecordedBytes>>20)
	}
	return ok
}

// Recorded are bindings whose calls are recorded where the context has a recorder,
// and answered from a recording where it has a playback. An import has live clocks.
func Recorded(b runtime.Bindings) runtime.Bindings { return &recorded{b} }

type recorded struct{ bindings runtime.Bindings }

// Open implements [runtime.Bindings].
func (b *recorded) Open(ctx context.Context, info runtime.CallerInfo) runtime.Calls {
	if calls := played(ctx, info); calls != nil {
		return calls
	}
	calls := b.bindings.Open(ctx, info)
	r, _ := ctx.Value(recorderKey{}).(*Recorder)
	if r == nil || info.ID == "" {
		return calls
	}
	track := r.track(info)
	if track == nil {
		return calls
	}
	return &recordingCalls{
		Calls: calls, recorder: r, track: track,
		random: mathrand.NewChaCha8([32]byte(track.Random)),
	}
}

// recordingCalls passes calls on and keeps what went in and came out.
type recordingCalls struct {
	runtime.Calls
	recorder *Recorder
	track    *Recording
	random   *mathrand.ChaCha8
}

// Walltime implements [runtime.Outside].
func (c *recordingCalls) Walltime(live time.Time) time.Time {
	offset := live.Sub(c.track.Clock)
	if c.reading(len(c.track.Wall)) {
		c.track.Wall = append(c.track.Wall, int64(offset))
	}
	return c.track.Clock.Add(offset)
}

// Nanotime implements [runtime.Outside].
func (c *recordingCalls) Nanotime(live int64) int64 {
	if c.track.Start == 0 {
		c.track.Start = live
	}
	if c.reading(len(c.track.Mono)) {
		c.track.Mono = append(c.track.Mono, live-c.track.Start)
	}
	return live
}

// reading reports whether one more reading of a clock is kept.
func (c *recordingCalls) reading(count int) bool {
	if count < maxReadings {
		return true
	}
	c.recorder.mu.Lock()
	defer c.recorder.mu.Unlock()
	c.track.Incomplete = fmt.Sprintf("it read the clock more than %d times", maxReadings)
	return false
}

// Random implements [runtime.Outside].
func (c *recordingCalls) Random(p []byte) { _, _ = c.random.Read(p) }

// Sleep implements [runtime.Outside].
func (c *recordingCalls) Sleep(time.Duration) bool { return false }

// keep adds a call to the recording.
func (c *recordingCalls) keep(ctx context.Context, call RecordedCall, err error) {
	if err != nil {
		call.Error = err.Error()
	}
	if !c.recorder.room(len(call.Args) + len(call.Data) + len(call.Result) + len(call.Body)) {
		return
	}
	record := hostcall.RecordOf(ctx)
	call.Binding, call.Detail = record.Binding, record.Detail
	c.track.Calls = append(c.track.Calls, call)
}

// Call implements [runtime.Calls].
func (c *recordingCalls) Call(ctx context.Context, op string, args, data []byte) (result, body []byte, err error) {
	result, body, err = c.Calls.Call(ctx, op, args, data)
	c.keep(ctx, RecordedCall{Op: op, Args: args, Data: data, Result: result, Body: body}, err)
	return result, body, err
}

// The ops of the ABI's own imports, and their arguments and results as JSON.
const (
	opTCPConnect = "tcp.connect"
	opTCPSend    = "tcp.send"
	opTCPReceive = "tcp.recv"
	opTCPClose   = "tcp.close"
	opHTTPFetch  = "http.fetch"
	opKVGet      = "kv.get abi"
	opKVPut      = "kv.put abi"
	opKVDelete   = "kv.delete abi"
	opKVMultiGet = "kv.get_multi abi"
	opKVMultiPut = "kv.put_multi abi"
	opR2Get      = "r2.get abi"
	opR2Put      = "r2.put abi"
	opD1Exec     = "d1.exec abi"
	opD1Batch    = "d1.batch abi"
)

type (
	connectArgs struct {
		Host string `json:"host"`
		Port int    `json:"port"`
	}
	connectionArgs struct {
		ID int32 `json:"id"`
	}
	fetchArgs struct {
		Method  string `json:"method"`
		URL     string `json:"url"`
		Headers string `json:"headers"` // JSON
	}
	fetchResult struct {
		Status  int    `json:"status"`
		Headers string `json:"headers"` // JSON
	}
	numberResult struct {
		N int `json:"n"`
	}
	foundResult struct {
		Found bool `json:"found"`
	}
)

func encodeArgs(v any) []byte {
	b, _ := json.Marshal(v) // strings and numbers
	return b
}

// TCPConnect implements [hostcall.Network].
func (c *recordingCalls) TCPConnect(ctx context.Context, host string, port int) (int32, error) {
	id, err := c.Calls.TCPConnect(ctx, host, port)
	c.keep(ctx, RecordedCall{Op: opTCPConnect, Args: encodeArgs(connectArgs{host, port}), Result: encodeArgs(connectionArgs{id})}, err)
	return id, err
}

// TCPSend implements [hostcall.Network].
func (c *recordingCalls) TCPSend(ctx context.Context, id int32, data []byte) (int, error) {
	n, err := c.Calls.TCPSend(ctx, id, data)
	c.keep(ctx, RecordedCall{Op: opTCPSend, Args: encodeArgs(connectionArgs{id}), Data: data, Result: encodeArgs(numberResult{n})}, err)
	return n, err
}

// TCPReceive implements [hostcall.Network].
func (c *recordingCalls) TCPReceive(ctx context.Context, id int32, buf []byte) (int, error) {
	n, err := c.Calls.TCPReceive(ctx, id, buf)
	body := append([]byte(nil), buf[:max(0, min(n, len(buf)))]...) // buf is the guest's memory
	c.keep(ctx, RecordedCall{Op: opTCPReceive, Args: encodeArgs(connectionArgs{id}), Body: body}, err)
	return n, err
}

// TCPClose implements [hostcall.Network].
func (c *recordingCalls) TCPClose(ctx context.Context, id int32) {
	c.Calls.TCPClose(ctx, id)
	c.keep(ctx, RecordedCall{Op: opTCPClose, Args: encodeArgs(connectionArgs{id})}, nil)
}

// HTTPFetch implements [hostcall.Network].
func (c *recordingCalls) HTTPFetch(ctx context.Context, method, url string, headers, body []byte) (int, []byte, []byte, error) {
	status, h, b, err := c.Calls.HTTPFetch(ctx, method, url, headers, body)
	c.keep(ctx, RecordedCall{
		Op: opHTTPFetch, Args: encodeArgs(fetchArgs{method, url, string(headers)}), Data: body,
		Result: encodeArgs(fetchResult{status, string(h)}), Body: b,
	}, err)
	return status, h, b, err
}
