package traffic

import (
	"context"
	"encoding/json"
)

// The storage imports of the ABI, recorded. Keys and values are bytes, so that
// they stand in Data and Body, or in JSON as base64 where there are several.

// KVGet implements [hostcall.Storage].
func (c *recordingCalls) KVGet(ctx context.Context, key []byte) ([]byte, bool) {
	value, found := c.Calls.KVGet(ctx, key)
	c.keep(ctx, RecordedCall{Op: opKVGet, Data: key, Result: encodeArgs(foundResult{found}), Body: value}, nil)
	return value, found
}

// KVPut implements [hostcall.Storage].
func (c *recordingCalls) KVPut(ctx context.Context, key, value []byte) {
	c.Calls.KVPut(ctx, key, value)
	c.keep(ctx, RecordedCall{Op: opKVPut, Args: encodeArgs([][]byte{key}), Data: value}, nil)
}

// KVDelete implements [hostcall.Storage].
func (c *recordingCalls) KVDelete(ctx context.Context, key []byte) {
	c.Calls.KVDelete(ctx, key)
	c.keep(ctx, RecordedCall{Op: opKVDelete, Data: key}, nil)
}

// KVMultiGet implements [hostcall.Storage].
func (c *recordingCalls) KVMultiGet(ctx context.Context, keys []byte) ([][]byte, error) {
	values, err := c.Calls.KVMultiGet(ctx, keys)
	c.keep(ctx, RecordedCall{Op: opKVMultiGet, Data: keys, Body: encodeArgs(values)}, err)
	return values, err
}

// KVMultiPut implements [hostcall.Storage].
func (c *recordingCalls) KVMultiPut(ctx context.Context, pairs [][2][]byte) {
	c.Calls.KVMultiPut(ctx, pairs)
	c.keep(ctx, RecordedCall{Op: opKVMultiPut, Data: encodeArgs(pairs)}, nil)
}

// R2Get implements [hostcall.Storage].
func (c *recordingCalls) R2Get(ctx context.Context, key []byte) ([]byte, bool) {
	value, found := c.Calls.R2Get(ctx, key)
	c.keep(ctx, RecordedCall{Op: opR2Get, Data: key, Result: encodeArgs(foundResult{found}), Body: value}, nil)
	return value, found
}

// R2Put implements [hostcall.Storage].
func (c *recordingCalls) R2Put(ctx context.Context, key, value []byte) {
	c.Calls.R2Put(ctx, key, value)
	c.keep(ctx, RecordedCall{Op: opR2Put, Args: encodeArgs([][]byte{key}), Data: value}, nil)
}

// D1Exec implements [hostcall.Storage].
func (c *recordingCalls) D1Exec(ctx context.Context, sql, params []byte) ([]byte, error) {
	result, err := c.Calls.D1Exec(ctx, sql, params)
	c.keep(ctx, RecordedCall{Op: opD1Exec, Args: encodeArgs([]string{string(sql), string(params)}), Body: result}, err)
	return result, err
}

// D1Batch implements [hostcall.Storage].
func (c *recordingCalls) D1Batch(ctx context.Context, queries []byte) ([]byte, error) {
	result, err := c.Calls.D1Batch(ctx, queries)
	c.keep(ctx, RecordedCall{Op: opD1Batch, Data: queries, Body: result}, err)
	return result, err
}

// KVGet implements [hostcall.Storage].
func (c *playedCalls) KVGet(ctx context.Context, key []byte) ([]byte, bool) {
	return c.found(ctx, opKVGet, key)
}

// R2Get implements [hostcall.Storage].
func (c *playedCalls) R2Get(ctx context.Context, key []byte) ([]byte, bool) {
	return c.found(ctx, opR2Get, key)
}

func (c *playedCalls) found(ctx context.Context, op string, key []byte) ([]byte, bool) {
	call, err := c.play(ctx, op, nil, key)
	var r foundResult
	if err != nil || json.Unmarshal(call.Result, &r) != nil || !r.Found {
		return nil, false
	}
	return call.Body, true
}

// KVPut implements [hostcall.Storage].
func (c *playedCalls) KVPut(ctx context.Context, key, value []byte) {
	_, _ = c.play(ctx, opKVPut, encodeArgs([][]byte{key}), value) // the playback knows of errors
}

// KVDelete implements [hostcall.Storage].
func (c *playedCalls) KVDelete(ctx context.Context, key []byte) {
	_, _ = c.play(ctx, opKVDelete, nil, key)
}

// KVMultiGet implements [hostcall.Storage].
func (c *playedCalls) KVMultiGet(ctx context.Context, keys []byte) (values [][]byte, err error) {
	call, err := c.play(ctx, opKVMultiGet, nil, keys)
	if err != nil {
		return nil, err
	}
	return values, json.Unmarshal(call.Body, &values)
}

// KVMultiPut implements [hostcall.Storage].
func (c *playedCalls) KVMultiPut(ctx context.Context, pairs [][2][]byte) {
	_, _ = c.play(ctx, opKVMultiPut, nil, encodeArgs(pairs))
}

// R2Put implements [hostcall.Storage].
func (c *playedCalls) R2Put(ctx context.Context, key, value []byte) {
	_, _ = c.play(ctx, opR2Put, encodeArgs([][]byte{key}), value)
}

// D1Exec implements [hostcall.Storage].
func (c *playedCalls) D1Exec(ctx context.Context, sql, params []byte) ([]byte, error) {
	call, err := c.play(ctx, opD1Exec, encodeArgs([]string{string(sql), string(params)}), nil)
	return call.Body, err
}

// D1Batch implements [hostcall.Storage].
func (c *playedCalls) D1Batch(ctx context.Context, queries []byte) ([]byte, error) {
	call, err := c.play(ctx, opD1Batch, nil, queries)
	return call.Body, err
}

// Env implements [hostcall.Storage]; the runtime answers it by itself.
func (c *playedCalls) Env(context.Context, string) (string, bool) { return "", false }
