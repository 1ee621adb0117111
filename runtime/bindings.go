package runtime

import (
	"context"
	"encoding/json"
	"time"

	"pymode-tui/runtime/hostcall"
)

// Bindings is what stands behind a worker's env and its network: mocks on this
// machine, or a recording.
type Bindings interface {
	// Open is called when a request (or, with an empty ID, an import) begins.
	Open(ctx context.Context, info CallerInfo) Calls
}

// CallerInfo says on whose behalf host calls are made.
type CallerInfo struct {
	Worker string
	ID     string   // of the request, "" at import
	Child  int      // of pymode.parallel, from 1 in the order of their start; 0 for the request itself
	Chain  []string // the workers that wait for this one, the outermost first, and this one
	Env    map[string]Binding
	Warn   func(text string) // adds a warning to the log; nil where there is none
}

// Calls answers the host calls of one request, on one goroutine. Each method
// may fill in the [hostcall.Record] of its context.
type Calls interface {
	hostcall.Network
	hostcall.Storage
	// Call is the general call, for every op but the runtime's own.
	Call(ctx context.Context, op string, args, data []byte) (result, resultData []byte, err error)
	// Close is called when the request is done, also where it was ended.
	Close()
}

// Outside is what [Calls] implement that also stand for the guest's clocks and
// its random bytes: a recording. Its methods are called on the guest's goroutine.
type Outside interface {
	// Walltime is what the guest reads at the time live.
	Walltime(live time.Time) time.Time
	// Nanotime is what the guest reads when the monotonic clock, in ns, is at live.
	Nanotime(live int64) int64
	// Random fills p.
	Random(p []byte)
	// Sleep reports whether d has passed for the guest without anybody's waiting.
	Sleep(d time.Duration) bool
}

// noBindings is what a worker has whose configuration has none.
type noBindings struct{}

// Open implements [Bindings].
func (noBindings) Open(context.Context, CallerInfo) Calls { return noCalls{} }

type noCalls struct{ hostcall.Unavailable }

// Call implements [Calls].
func (noCalls) Call(_ context.Context, op string, _, _ []byte) ([]byte, []byte, error) {
	return nil, nil, unknownOp(op)
}

// Close implements [Calls].
func (noCalls) Close() {}

// maxCalls is how many host calls of one request are kept; all are answered.
const maxCalls = 10_000

// recordDetail says what a host call was about.
func recordDetail(ctx context.Context, detail string) { hostcall.RecordOf(ctx).Detail = detail }

// hostCall runs f as the host call op: its time is the host's, and it becomes a
// [Call]. f returns what went out and an error.
func (x *execution) hostCall(ctx context.Context, op string, in int, f func(context.Context) (out int, err error)) {
	x.mustGoOn(ctx)
	record := &hostcall.Record{Op: op}
	at := time.Since(x.started)
	var out int
	var err error
	x.hosting(func() { out, err = f(hostcall.WithRecord(ctx, record)) })
	call := Call{
		Op: record.Op, Binding: record.Binding, Detail: record.Detail,
		At: at.Microseconds(), Duration: (time.Since(x.started) - at).Microseconds(),
		BytesIn: int64(in), BytesOut: int64(out),
	}
	if err != nil {
		call.Error = err.Error()
	}
	if len(x.callLog) < maxCalls {
		x.callLog = append(x.callLog, call)
	}
	if x.onCall != nil {
		x.onCall(call)
	}
	x.mustGoOn(ctx) // what ended the call may be what ends the request
}

// TCPConnect implements [hostcall.Network].
func (x *execution) TCPConnect(ctx context.Context, host string, port int) (id int32, err error) {
	x.hostCall(ctx, "tcp.connect", len(host), func(ctx context.Context) (int, error) {
		id, err = x.calls.TCPConnect(ctx, host, port)
		return 0, err
	})
	return id, err
}

// TCPSend implements [hostcall.Network].
func (x *execution) TCPSend(ctx context.Context, id int32, data []byte) (sent int, err error) {
	x.hostCall(ctx, "tcp.send", len(data), func(ctx context.Context) (int, error) {
		sent, err = x.calls.TCPSend(ctx, id, data)
		return 0, err
	})
	return sent, err
}

// TCPReceive implements [hostcall.Network].
func (x *execution) TCPReceive(ctx context.Context, id int32, buf []byte) (received int, err error) {
	x.hostCall(ctx, "tcp.recv", 0, func(ctx context.Context) (int, error) {
		received, err = x.calls.TCPReceive(ctx, id, buf)
		return received, err
	})
	return received, err
}

// TCPClose implements [hostcall.Network].
func (x *execution) TCPClose(ctx context.Context, id int32) {
	x.hostCall(ctx, "tcp.close", 0, func(ctx context.Context) (int, error) {
		x.calls.TCPClose(ctx, id)
		return 0, nil
	})
}

// HTTPFetch implements [hostcall.Network].
func (x *execution) HTTPFetch(ctx context.Context, method, url string, headers, body []byte) (status int, h, b []byte, err error) {
	x.hostCall(ctx, "http.fetch", len(body), func(ctx context.Context) (int, error) {
		status, h, b, err = x.calls.HTTPFetch(ctx, method, url, headers, body)
		return len(b), err
	})
	return status, h, b, err
}

// KVGet implements [hostcall.Storage].
func (x *execution) KVGet(ctx context.Context, key []byte) (value []byte, found bool) {
	x.hostCall(ctx, "kv.get", len(key), func(ctx context.Context) (int, error) {
		value, found = x.calls.KVGet(ctx, key)
		return len(value), nil
	})
	return value, found
}

// KVPut implements [hostcall.Storage].
func (x *execution) KVPut(ctx context.Context, key, value []byte) {
	x.hostCall(ctx, "kv.put", len(key)+len(value), func(ctx context.Context) (int, error) {
		x.calls.KVPut(ctx, key, value)
		return 0, nil
	})
}

// KVDelete implements [hostcall.Storage].
func (x *execution) KVDelete(ctx context.Context, key []byte) {
	x.hostCall(ctx, "kv.delete", len(key), func(ctx context.Context) (int, error) {
		x.calls.KVDelete(ctx, key)
		return 0, nil
	})
}

// KVMultiGet implements [hostcall.Storage].
func (x *execution) KVMultiGet(ctx context.Context, keys []byte) (values [][]byte, err error) {
	x.hostCall(ctx, "kv.get_multi", len(keys), func(ctx context.Context) (int, error) {
		values, err = x.calls.KVMultiGet(ctx, keys)
		out := 0
		for _, v := range values {
			out += len(v)
		}
		return out, err
	})
	return values, err
}

// KVMultiPut implements [hostcall.Storage].
func (x *execution) KVMultiPut(ctx context.Context, pairs [][2][]byte) {
	in := 0
	for _, p := range pairs {
		in += len(p[0]) + len(p[1])
	}
	x.hostCall(ctx, "kv.put_multi", in, func(ctx context.Context) (int, error) {
		x.calls.KVMultiPut(ctx, pairs)
		return 0, nil
	})
}

// R2Get implements [hostcall.Storage].
func (x *execution) R2Get(ctx context.Context, key []byte) (value []byte, found bool) {
	x.hostCall(ctx, "r2.get", len(key), func(ctx context.Context) (int, error) {
		value, found = x.calls.R2Get(ctx, key)
		return len(value), nil
	})
	return value, found
}

// R2Put implements [hostcall.Storage].
func (x *execution) R2Put(ctx context.Context, key, value []byte) {
	x.hostCall(ctx, "r2.put", len(key)+len(value), func(ctx context.Context) (int, error) {
		x.calls.R2Put(ctx, key, value)
		return 0, nil
	})
}

// D1Exec implements [hostcall.Storage].
func (x *execution) D1Exec(ctx context.Context, sql, params []byte) (result []byte, err error) {
	x.hostCall(ctx, "d1.exec", len(sql)+len(params), func(ctx context.Context) (int, error) {
		result, err = x.calls.D1Exec(ctx, sql, params)
		return len(result), err
	})
	return result, err
}

// D1Batch implements [hostcall.Storage].
func (x *execution) D1Batch(ctx context.Context, queries []byte) (result []byte, err error) {
	x.hostCall(ctx, "d1.batch", len(queries), func(ctx context.Context) (int, error) {
		result, err = x.calls.D1Batch(ctx, queries)
		return len(result), err
	})
	return result, err
}

// Env implements [hostcall.Storage]: vars and secrets as text, as the handler's
// env has them.
func (x *execution) Env(_ context.Context, key string) (value string, found bool) {
	b, ok := x.env[key]
	if !ok || b.Value == nil {
		return "", false
	}
	if text, ok := b.Value.(string); ok {
		return text, true
	}
	text, err := json.Marshal(b.Value)
	return string(text), err == nil
}
