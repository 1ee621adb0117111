package traffic

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/runtime/hostcall"
)

// Playback answers what one request asks from outside out of a recording. A call
// is answered by the first recorded one with the same op, arguments and data
// that was not used yet, in whatever order they come.
type Playback struct {
	recording *Recording
	mask      *Masker

	mu         sync.Mutex
	tracks     map[int]*playedTrack // by child
	unrecorded []Unrecorded
	missing    []string // names of secrets that recorded answers have and this machine has not
}

// Unrecorded is a host call that a recording has no answer to.
type Unrecorded struct {
	Call  runtime.Call
	Frame *runtime.Frame // the line that made it; nil where that is not known
}

// playedTrack is the recording of one instance, being used up.
type playedTrack struct {
	recording *Recording
	waiting   map[[32]byte][]int // the calls not used yet, by their digest
	unused    int
}

type playbackKey struct{}

// NewPlayback returns the answers for one request. Mask is what the recording
// was masked with; it may be nil.
func NewPlayback(r *Recording, mask *Masker) *Playback {
	return &Playback{recording: r, mask: mask, tracks: map[int]*playedTrack{}}
}

// WithPlayback returns a context for the one request that p answers.
func WithPlayback(ctx context.Context, p *Playback) context.Context {
	return context.WithValue(ctx, playbackKey{}, p)
}

// Unrecorded are the calls that had no answer.
func (p *Playback) Unrecorded() []Unrecorded {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unrecorded
}

// Missing are the recorded calls that were not made.
func (p *Playback) Missing() []RecordedCall {
	p.mu.Lock()
	defer p.mu.Unlock()
	var missing []RecordedCall
	for n, r := range p.recording.all() {
		t := p.tracks[n]
		for i, c := range r.Calls {
			if t == nil || t.waits(i, c) {
				missing = append(missing, c)
			}
		}
	}
	return missing
}

func (t *playedTrack) waits(i int, c RecordedCall) bool {
	for _, n := range t.waiting[digest(c.Op, c.Args, c.Data)] {
		if n == i {
			return true
		}
	}
	return false
}

// track is the recording of an instance; an empty one where there is none.
func (p *Playback) track(child int) *playedTrack {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.recording
	if child > 0 {
		r = nil
		if child <= len(p.recording.Children) {
			r = p.recording.Children[child-1]
		}
		if r == nil {
			r = &Recording{Clock: p.recording.Clock, Start: p.recording.Start, Random: p.recording.Random}
		}
	}
	t := &playedTrack{recording: r, waiting: map[[32]byte][]int{}, unused: len(r.Calls)}
	for n, c := range r.Calls {
		key := digest(c.Op, c.Args, c.Data)
		t.waiting[key] = append(t.waiting[key], n)
	}
	p.tracks[child] = t
	return t
}

// digest identifies a call by what goes in.
func digest(op string, args, data []byte) [32]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s %d ", len(op), op, len(args))
	h.Write(args)
	h.Write(data)
	return [32]byte(h.Sum(nil))
}

// Hermetic are bindings that answer a request from the playback of its context,
// clocks and random bytes included. An import has the live bindings, and a
// clock and random bytes that are always the same.
func Hermetic(live runtime.Bindings) runtime.Bindings { return &hermetic{live} }

type hermetic struct{ live runtime.Bindings }

// importClock is the time at which imports are made.
func importClock() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// Open implements [runtime.Bindings].
func (h *hermetic) Open(ctx context.Context, info runtime.CallerInfo) runtime.Calls {
	if calls := played(ctx, info); calls != nil {
		return calls
	}
	return &importCalls{h.live.Open(ctx, info), newPlayedClock(&Recording{Clock: importClock(), Start: 1})}
}

// played are the calls of a request that a playback answers; nil for others.
func played(ctx context.Context, info runtime.CallerInfo) runtime.Calls {
	p, _ := ctx.Value(playbackKey{}).(*Playback)
	if p == nil || info.ID == "" {
		return nil
	}
	t := p.track(info.Child)
	return &playedCalls{playedClock: newPlayedClock(t.recording), playback: p, track: t}
}

// importCalls are live, but for the clock and random bytes.
type importCalls struct {
	runtime.Calls
	*playedClock
}

// playedClock reads as the recording's. Where that has no more readings it goes on
// by a microsecond each, and by what is slept.
type playedClock struct {
	clock      time.Time
	start      int64
	wall, mono []int64       // what is left of the readings
	lastWall   time.Duration // since clock
	lastMono   int64         // since start
	random     *mathrand.ChaCha8
}

func newPlayedClock(r *Recording) *playedClock {
	var seed [32]byte
	copy(seed[:], r.Random)
	return &playedClock{clock: r.Clock, start: r.Start, wall: r.Wall, mono: r.Mono, random: mathrand.NewChaCha8(seed)}
}

// Walltime implements [runtime.Outside].
func (c *playedClock) Walltime(time.Time) time.Time {
	if len(c.wall) > 0 {
		c.lastWall, c.wall = time.Duration(c.wall[0]), c.wall[1:]
	} else {
		c.lastWall += time.Microsecond
	}
	return c.clock.Add(c.lastWall)
}

// Nanotime implements [runtime.Outside].
func (c *playedClock) Nanotime(int64) int64 {
	if len(c.mono) > 0 {
		c.lastMono, c.mono = c.mono[0], c.mono[1:]
	} else {
		c.lastMono += int64(time.Microsecond)
	}
	return c.start + c.lastMono
}

// Sleep implements [runtime.Outside].
func (c *playedClock) Sleep(d time.Duration) bool {
	if len(c.wall) == 0 {
		c.lastWall += d
	}
	if len(c.mono) == 0 {
		c.lastMono += int64(d)
	}
	return true
}

// Random implements [runtime.Outside].
func (c *playedClock) Random(p []byte) { _, _ = c.random.Read(p) }

// playedCalls answers the calls of one instance.
type playedCalls struct {
	*playedClock
	playback *Playback
	track    *playedTrack
	last     error // of a fetch or a connection, for the calls that ask for it
}

// errUnrecorded begins the text of the exception that a worker gets; the guest
// knows it, and tells the line (pymode._host).
const errUnrecorded = "ReplayError: "

// play finds the recorded call.
func (c *playedCalls) play(ctx context.Context, op string, args, data []byte) (RecordedCall, error) {
	asked := RecordedCall{Op: op, Args: args, Data: data}
	if c.playback.mask != nil {
		asked = c.playback.mask.recorded(asked)
	}
	p, record := c.playback, hostcall.RecordOf(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	key := digest(op, asked.Args, asked.Data)
	if waiting := c.track.waiting[key]; len(waiting) > 0 {
		c.track.waiting[key] = waiting[1:]
		call := c.track.recording.Calls[waiting[0]]
		record.Binding, record.Detail = call.Binding, call.Detail
		call, missing := c.playback.mask.answered(call)
		p.missing = append(p.missing, missing...)
		if call.Error != "" {
			return call, errors.New(call.Error)
		}
		return call, nil
	}
	binding, detail := describeArgs(asked)
	record.Binding, record.Detail = binding, detail
	if len(p.unrecorded) < maxDifferences {
		p.unrecorded = append(p.unrecorded, Unrecorded{Call: runtime.Call{Op: op, Binding: binding, Detail: detail}})
	}
	return RecordedCall{}, fmt.Errorf("%sthe recording has no answer to %s", errUnrecorded, callText(op, binding, detail))
}

// describeArgs says what a call is about by its arguments alone.
func describeArgs(c RecordedCall) (binding, detail string) {
	var a struct {
		Binding string `json:"binding"`
		URL     string `json:"url"`
		Key     string `json:"key"`
		SQL     string `json:"sql"`
		Host    string `json:"host"`
		Queries []struct {
			SQL string `json:"sql"`
		} `json:"queries"`
	}
	if json.Unmarshal(c.Args, &a) == nil {
		if len(a.Queries) > 0 {
			a.SQL = a.Queries[0].SQL
		}
		for _, text := range []string{a.Key, a.SQL, a.URL, a.Host} {
			if text != "" {
				return a.Binding, short(text)
			}
		}
	}
	return a.Binding, short(string(c.Args))
}

// Call implements [runtime.Calls].
func (c *playedCalls) Call(ctx context.Context, op string, args, data []byte) (result, body []byte, err error) {
	switch op {
	case "replay.line":
		c.line(args)
		return nil, nil, nil
	case "http.error", "tcp.error":
		if c.last != nil {
			return nil, nil, c.last
		}
	}
	call, err := c.play(ctx, op, args, data)
	return call.Result, call.Body, err
}

// line takes the user's line that made the last call without an answer.
func (c *playedCalls) line(args []byte) {
	var f runtime.Frame
	if json.Unmarshal(args, &f) != nil {
		return
	}
	p := c.playback
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.unrecorded); n > 0 && p.unrecorded[n-1].Frame == nil {
		p.unrecorded[n-1].Frame = &f
	}
}

// network plays a call whose error the guest asks for by another one.
func (c *playedCalls) network(ctx context.Context, op string, args, data []byte, result any) (RecordedCall, error) {
	call, err := c.play(ctx, op, args, data)
	c.last = nil
	if err != nil && len(call.Op) == 0 {
		c.last = err
	}
	if err == nil && len(call.Result) > 0 {
		err = json.Unmarshal(call.Result, result)
	}
	return call, err
}

// TCPConnect implements [hostcall.Network].
func (c *playedCalls) TCPConnect(ctx context.Context, host string, port int) (int32, error) {
	var r connectionArgs
	_, err := c.network(ctx, opTCPConnect, encodeArgs(connectArgs{host, port}), nil, &r)
	return r.ID, err
}

// TCPSend implements [hostcall.Network].
func (c *playedCalls) TCPSend(ctx context.Context, id int32, data []byte) (int, error) {
	var r numberResult
	_, err := c.network(ctx, opTCPSend, encodeArgs(connectionArgs{id}), data, &r)
	return min(r.N, len(data)), err
}

// TCPReceive implements [hostcall.Network]. What does not fit into buf is given
// with the next call.
func (c *playedCalls) TCPReceive(ctx context.Context, id int32, buf []byte) (int, error) {
	args := encodeArgs(connectionArgs{id})
	call, err := c.network(ctx, opTCPReceive, args, nil, &struct{}{})
	n := copy(buf, call.Body)
	if n < len(call.Body) {
		c.giveBack(call, n, digest(opTCPReceive, args, nil))
	}
	return n, err
}

// giveBack makes the rest of what was received the next thing that is.
func (c *playedCalls) giveBack(call RecordedCall, n int, key [32]byte) {
	c.playback.mu.Lock()
	defer c.playback.mu.Unlock()
	r := *c.track.recording // the recording itself stays as it is
	r.Calls = append(r.Calls[:len(r.Calls):len(r.Calls)], RecordedCall{Op: call.Op, Args: call.Args, Binding: call.Binding, Detail: call.Detail, Body: call.Body[n:]})
	c.track.recording = &r
	c.track.waiting[key] = append([]int{len(r.Calls) - 1}, c.track.waiting[key]...)
}

// TCPClose implements [hostcall.Network].
func (c *playedCalls) TCPClose(ctx context.Context, id int32) {
	_, _ = c.play(ctx, opTCPClose, encodeArgs(connectionArgs{id}), nil)
}

// HTTPFetch implements [hostcall.Network].
func (c *playedCalls) HTTPFetch(ctx context.Context, method, url string, headers, body []byte) (int, []byte, []byte, error) {
	var r fetchResult
	call, err := c.network(ctx, opHTTPFetch, encodeArgs(fetchArgs{method, url, string(headers)}), body, &r)
	return r.Status, []byte(r.Headers), call.Body, err
}

// Close implements [runtime.Calls].
func (c *playedCalls) Close() {}
