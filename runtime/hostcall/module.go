package hostcall

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Namespace is the name of the module that guests import from.
const Namespace = "pymode"

// call is one call of an import: its arguments on a stack.
type call struct {
	ctx   context.Context
	s     *session
	m     api.Module // the guest
	mem   memory
	stack []uint64
}

func (c *call) i32(n int) uint32 { return uint32(c.stack[n]) }

// bytes reads the pointer and the length that are arguments n and n+1.
func (c *call) bytes(n int) ([]byte, bool) { return c.mem.bytes(c.i32(n), c.i32(n+1)) }

// two reads two pointers with lengths, from argument n on.
func (c *call) two(n int) (a, b []byte, ok bool) {
	a, okA := c.bytes(n)
	b, okB := c.bytes(n + 2)
	return a, b, okA && okB
}

// join identifies a call's arguments.
func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(p))), p...)
	}
	return b
}

// failed is -1, the ABI's answer to whatever went wrong.
const failed = int32(-1)

type function struct {
	name    string
	params  int // all are i32
	results []api.ValueType
	// do returns the result, which is ignored where there is none.
	do func(c *call) int64
}

var (
	none  []api.ValueType
	oneI4 = []api.ValueType{api.ValueTypeI32}
	oneI8 = []api.ValueType{api.ValueTypeI64}
)

// Instantiate adds the namespace to a wazero runtime.
func Instantiate(ctx context.Context, r wazero.Runtime) error {
	b := r.NewHostModuleBuilder(Namespace)
	for _, f := range slices.Concat(networkImports(), storageImports(), threadImports(), linkerImports(), generalImports()) {
		b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(
			func(ctx context.Context, m api.Module, stack []uint64) {
				result := f.do(&call{ctx: ctx, s: sessionOf(ctx), m: m, mem: memory{m.Memory()}, stack: stack})
				if len(f.results) > 0 {
					stack[0] = uint64(result)
				}
			}), slices.Repeat(oneI4, f.params), f.results).Export(f.name)
	}
	_, err := b.Instantiate(ctx)
	return err
}

func generalImports() []function {
	return []function{
		{"call", 4, oneI8, generalCall},
		{"result", 3, none, func(c *call) int64 {
			handle := int32(c.i32(0))
			result, size := c.s.results[handle], c.i32(2)
			delete(c.s.results, handle)
			c.mem.write(c.i32(1), result[:min(uint64(size), uint64(len(result)))])
			return 0
		}},
		{"yield", 0, oneI4, func(c *call) int64 { return int64(c.s.host.Yield(c.ctx)) }},
		{"console_log", 2, none, func(c *call) int64 {
			if message, ok := c.bytes(0); ok {
				c.s.host.Log(string(message))
			}
			return 0
		}},
		{"zerobuf_exchange_ptr", 0, oneI4, func(*call) int64 { return 0 }},
	}
}

func generalCall(c *call) int64 {
	fail := func(text string) int64 {
		return int64(c.s.keep([]byte(text)))<<32 | int64(uint32(-int32(len(text))))
	}
	op, packed, ok := c.two(0)
	if !ok {
		return fail("call: arguments outside of memory")
	}
	args, data, ok := unpack(packed)
	if !ok {
		return fail("call: malformed arguments")
	}
	if string(op) == opDuplicate {
		answer := pack(nil, duplicate(c.m, c.s.host, data))
		return int64(c.s.keep(answer))<<32 | int64(len(answer))
	}
	result, resultData, err := c.s.host.Call(c.ctx, string(op), args, data)
	if err != nil {
		// The length of an error is negative, so there is no empty one.
		if text := err.Error(); text != "" {
			return fail(text)
		}
		return fail("unknown error")
	}
	answer := pack(result, resultData)
	if len(answer) == 0 {
		return 0
	}
	if len(answer) > maxInt32 {
		return fail("call: the result is too large")
	}
	return int64(c.s.keep(answer))<<32 | int64(len(answer))
}

func networkImports() []function {
	return []function{
		{"tcp_connect", 3, oneI4, func(c *call) int64 {
			host, ok := c.bytes(0)
			if !ok {
				return int64(failed)
			}
			id, err := c.s.host.TCPConnect(c.ctx, string(host), int(int32(c.i32(2))))
			return orFailed(id, err)
		}},
		{"tcp_send", 3, oneI4, func(c *call) int64 {
			data, ok := c.bytes(1)
			if !ok {
				return int64(failed)
			}
			n, err := c.s.host.TCPSend(c.ctx, int32(c.i32(0)), data)
			return orFailed(int32(n), err)
		}},
		{"tcp_recv", 3, oneI4, func(c *call) int64 {
			buf, ok := c.mem.Read(c.i32(1), c.i32(2))
			if !ok {
				return int64(failed)
			}
			n, err := c.s.host.TCPReceive(c.ctx, int32(c.i32(0)), buf)
			return orFailed(int32(n), err)
		}},
		{"tcp_close", 1, none, func(c *call) int64 {
			c.s.host.TCPClose(c.ctx, int32(c.i32(0)))
			return 0
		}},
		{"http_fetch_full", 10, oneI4, func(c *call) int64 {
			url, method, ok := c.two(0)
			body, headers, ok2 := c.two(4)
			if !ok || !ok2 {
				return int64(failed)
			}
			return int64(c.s.answer(c.mem, "http", join(url, method, body, headers), c.i32(8), c.i32(9), func() ([]byte, bool) {
				status, h, b, err := c.s.host.HTTPFetch(c.ctx, string(method), string(url), headers, body)
				if err != nil {
					return nil, false
				}
				head := binary.LittleEndian.AppendUint32(nil, uint32(status))
				head = binary.LittleEndian.AppendUint32(head, uint32(len(h)))
				return slices.Concat(head, h, b), true
			}))
		}},
	}
}

// orFailed is n, or -1 for an error.
func orFailed(n int32, err error) int64 {
	if err != nil {
		return int64(failed)
	}
	return int64(n)
}

// get is an import with a key in and a value out, all in the first four parameters.
func get(name string, do func(c *call, key []byte) ([]byte, bool)) function {
	return function{name, 4, oneI4, func(c *call) int64 {
		key, ok := c.bytes(0)
		if !ok {
			return int64(failed)
		}
		return int64(c.s.answer(c.mem, name, key, c.i32(2), c.i32(3), func() ([]byte, bool) { return do(c, key) }))
	}}
}

// put is an import with a key and a value in and nothing out.
func put(name string, do func(c *call, key, value []byte)) function {
	return function{name, 4, none, func(c *call) int64 {
		if key, value, ok := c.two(0); ok {
			do(c, key, value)
		}
		return 0
	}}
}

func storageImports() []function {
	return []function{
		get("kv_get", func(c *call, key []byte) ([]byte, bool) { return c.s.host.KVGet(c.ctx, key) }),
		put("kv_put", func(c *call, key, value []byte) { c.s.host.KVPut(c.ctx, key, value) }),
		{"kv_delete", 2, none, func(c *call) int64 {
			if key, ok := c.bytes(0); ok {
				c.s.host.KVDelete(c.ctx, key)
			}
			return 0
		}},
		get("kv_multi_get", func(c *call, keys []byte) ([]byte, bool) {
			values, err := c.s.host.KVMultiGet(c.ctx, keys)
			return packValues(values), err == nil
		}),
		{"kv_multi_put", 2, none, func(c *call) int64 {
			if data, ok := c.bytes(0); ok {
				if pairs, ok := unpackPairs(data); ok {
					c.s.host.KVMultiPut(c.ctx, pairs)
				}
			}
			return 0
		}},
		get("r2_get", func(c *call, key []byte) ([]byte, bool) { return c.s.host.R2Get(c.ctx, key) }),
		put("r2_put", func(c *call, key, value []byte) { c.s.host.R2Put(c.ctx, key, value) }),
		{"d1_exec", 6, oneI4, func(c *call) int64 {
			sql, params, ok := c.two(0)
			if !ok {
				return int64(failed)
			}
			return int64(c.s.answer(c.mem, "d1_exec", join(sql, params), c.i32(4), c.i32(5), func() ([]byte, bool) {
				result, err := c.s.host.D1Exec(c.ctx, sql, params)
				return result, err == nil
			}))
		}},
		get("d1_batch", func(c *call, queries []byte) ([]byte, bool) {
			result, err := c.s.host.D1Batch(c.ctx, queries)
			return result, err == nil
		}),
		get("env_get", func(c *call, key []byte) ([]byte, bool) {
			value, found := c.s.host.Env(c.ctx, string(key))
			return []byte(value), found
		}),
	}
}

func threadImports() []function {
	return []function{
		{"thread_spawn", 4, oneI4, func(c *call) int64 {
			code, input, ok := c.two(0)
			if !ok {
				return int64(failed)
			}
			return orFailed(c.s.host.Spawn(c.ctx, code, input))
		}},
		{"thread_join", 3, oneI4, func(c *call) int64 {
			handle := c.i32(0)
			return int64(c.s.answer(c.mem, "join", binary.LittleEndian.AppendUint32(nil, handle), c.i32(1), c.i32(2), func() ([]byte, bool) {
				result, err := c.s.host.Join(c.ctx, int32(handle))
				return result, err == nil
			}))
		}},
	}
}

func linkerImports() []function {
	return []function{
		{"dl_open", 2, oneI4, func(c *call) int64 {
			path, ok := c.bytes(0)
			if !ok {
				return int64(c.linkError("the path lies outside of memory"))
			}
			handle, err := c.s.host.Open(c.ctx, string(path))
			if err != nil {
				return int64(c.linkError(err.Error()))
			}
			return int64(handle)
		}},
		{"dl_sym", 3, oneI4, func(c *call) int64 {
			name, ok := c.bytes(1)
			if !ok {
				c.linkError("the symbol lies outside of memory")
				return 0
			}
			slot, err := c.s.host.Symbol(c.ctx, int32(c.i32(0)), string(name))
			if err != nil {
				c.linkError(err.Error())
				return 0
			}
			return int64(slot)
		}},
		{"dl_close", 1, none, func(c *call) int64 {
			c.s.host.CloseModule(c.ctx, int32(c.i32(0)))
			return 0
		}},
		{"dl_error", 2, oneI4, func(c *call) int64 {
			text := c.s.dlError[:min(len(c.s.dlError), int(c.i32(1)))]
			if !c.mem.write(c.i32(0), []byte(text)) {
				return 0
			}
			return int64(len(text))
		}},
	}
}

func (c *call) linkError(text string) int32 {
	c.s.dlError = text
	return failed
}
