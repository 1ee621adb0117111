package hostcall

import (
	"bytes"
	"context"
	"encoding/binary"

	"github.com/tetratelabs/wazero/api"
)

// session is what the namespace remembers of one instance between two calls.
type session struct {
	host    Host
	results map[int32][]byte // of the general call, not yet fetched
	handle  int32            // the last one given out
	kept    kept
	dlError string
}

// kept is the result that was too large for the guest's buffer.
type kept struct {
	op     string
	args   []byte
	result []byte
}

type sessionKey struct{}

// WithHost returns a context in which a guest's imports are answered by host.
// It is for the calls into one instance.
func WithHost(ctx context.Context, host Host) context.Context {
	return context.WithValue(ctx, sessionKey{}, &session{host: host, results: map[int32][]byte{}})
}

func sessionOf(ctx context.Context) *session {
	s, _ := ctx.Value(sessionKey{}).(*session)
	if s == nil {
		return &session{host: struct {
			Unavailable
			deaf
		}{}, results: map[int32][]byte{}}
	}
	return s
}

// deaf answers a guest that was called without a host.
type deaf struct{}

func (deaf) Yield(context.Context) Stop { return StopNone }
func (deaf) Log(string)                 {}
func (deaf) Call(context.Context, string, []byte, []byte) ([]byte, []byte, error) {
	return nil, nil, ErrUnavailable
}

// Record is what is told of one host call: those who answer it fill it in.
type Record struct {
	Op      string // "kv.get"; set by the caller, may be made more precise
	Binding string // the binding's name, "" for a call without one
	Detail  string // the key, the SQL, the URL, and what came of it
}

type recordKey struct{}

// WithRecord returns a context whose call is recorded in r.
func WithRecord(ctx context.Context, r *Record) context.Context {
	return context.WithValue(ctx, recordKey{}, r)
}

// RecordOf returns the record of the call; one that nobody reads where there is
// none.
func RecordOf(ctx context.Context) *Record {
	if r, ok := ctx.Value(recordKey{}).(*Record); ok {
		return r
	}
	return &Record{}
}

// maxResults bounds what a guest can leave unfetched.
const maxResults = 64

// keep stores the result of a general call and returns its handle.
func (s *session) keep(result []byte) int32 {
	if len(s.results) >= maxResults {
		clear(s.results)
	}
	s.handle = (s.handle + 1) & 0x7fffffff
	s.results[s.handle] = result
	return s.handle
}

// answer writes the result of op to the guest's buffer, or keeps it where it is
// too large. do is called unless the result of the same call is kept.
func (s *session) answer(mem memory, op string, args []byte, buf, size uint32, do func() ([]byte, bool)) int32 {
	var result []byte
	if s.kept.op == op && bytes.Equal(s.kept.args, args) {
		result = s.kept.result
		s.kept = kept{}
	} else {
		var ok bool
		if result, ok = do(); !ok {
			return -1
		}
	}
	if len(result) > maxInt32 {
		return -1
	}
	if uint64(len(result)) > uint64(size) {
		s.kept = kept{op: op, args: args, result: result}
		return int32(len(result))
	}
	if !mem.write(buf, result) {
		return -1
	}
	return int32(len(result))
}

const maxInt32 = 1<<31 - 1

// memory is a guest's linear memory.
type memory struct{ api.Memory }

// bytes copies n bytes at p. Not ok where they lie outside of the memory.
func (m memory) bytes(p, n uint32) ([]byte, bool) {
	if n == 0 {
		return nil, true
	}
	b, ok := m.Read(p, n)
	if !ok {
		return nil, false
	}
	return bytes.Clone(b), true
}

func (m memory) write(p uint32, b []byte) bool {
	return len(b) == 0 || m.Write(p, b)
}

// pack joins JSON and bytes as the general call has them.
func pack(json, data []byte) []byte {
	if len(json) == 0 && len(data) == 0 {
		return nil
	}
	b := make([]byte, 0, 4+len(json)+len(data))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(json)))
	return append(append(b, json...), data...)
}

// unpack splits what pack joined.
func unpack(b []byte) (json, data []byte, ok bool) {
	if len(b) == 0 {
		return nil, nil, true
	}
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.LittleEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}

// packValues writes [i32 count], then for each [i32 len or -1][data].
func packValues(values [][]byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(values)))
	for _, v := range values {
		if v == nil {
			b = binary.LittleEndian.AppendUint32(b, 0xffffffff)
			continue
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(len(v)))
		b = append(b, v...)
	}
	return b
}

// unpackPairs reads [i32 count], then for each [i32 key_len][key][i32 val_len][val].
func unpackPairs(b []byte) (pairs [][2][]byte, ok bool) {
	if len(b) < 4 {
		return nil, false
	}
	count := binary.LittleEndian.Uint32(b)
	b = b[4:]
	field := func() ([]byte, bool) {
		if len(b) < 4 {
			return nil, false
		}
		n := binary.LittleEndian.Uint32(b)
		if uint64(n) > uint64(len(b)-4) {
			return nil, false
		}
		v := b[4 : 4+n]
		b = b[4+n:]
		return v, true
	}
	for range count {
		key, ok := field()
		if !ok {
			return nil, false
		}
		value, ok := field()
		if !ok {
			return nil, false
		}
		pairs = append(pairs, [2][]byte{key, value})
	}
	return pairs, len(b) == 0
}
