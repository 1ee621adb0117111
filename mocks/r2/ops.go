package r2

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"pymode-tui/mocks"
	"pymode-tui/runtime/hostcall"
)

// maxArgs bounds the JSON of a call, in bytes: 1000 keys, escaped, fit.
const maxArgs = 16 << 20

// Ops implements [mocks.Part].
func (s *Store) Ops() map[string]mocks.Op {
	return map[string]mocks.Op{
		"r2.head":                      op("head", s.head),
		"r2.get":                       op("get", s.get),
		"r2.put":                       op("put", s.put),
		"r2.delete":                    op("delete", s.delete),
		"r2.list":                      op("list", s.list),
		"r2.create_multipart_upload":   op("createMultipartUpload", s.createUpload),
		"r2.upload_part":               op("uploadPart", s.uploadPart),
		"r2.complete_multipart_upload": op("completeMultipartUpload", s.completeUpload),
		"r2.abort_multipart_upload":    op("abortMultipartUpload", s.abortUpload),
		"r2.read":                      op("get", s.read),
		"r2.read_close":                op("get", s.closeHandle),
		"r2.write_begin":               op("put", s.writeBegin),
		"r2.write":                     op("put", s.write),
		"r2.write_commit":              op("put", s.writeCommit),
		"r2.write_abort":               op("put", s.closeHandle),
	}
}

// request is one call, as the functions behind the ops get it.
type request[A any] struct {
	args   A
	data   []byte
	caller mocks.Caller
	record *hostcall.Record
}

// target is what all calls but those with a handle bring.
type target struct {
	Binding string `json:"binding"`
	Key     string `json:"key"`
}

func (t target) bindingName() string { return t.Binding }

// op makes a [mocks.Op] of a function with types. Errors get the action's name.
func op[A, R any](action string, f func(context.Context, *request[A]) (R, []byte, error)) mocks.Op {
	return func(ctx context.Context, caller mocks.Caller, args, data []byte) ([]byte, []byte, error) {
		r := &request[A]{data: data, caller: caller, record: hostcall.RecordOf(ctx)}
		if len(args) > maxArgs {
			return nil, nil, failed(action, errors.New("the call's arguments are too large"))
		}
		if err := json.Unmarshal(args, &r.args); err != nil {
			return nil, nil, failed(action, fmt.Errorf("the call's arguments: %w", err))
		}
		if named, ok := any(r.args).(interface{ bindingName() string }); ok {
			r.record.Binding = named.bindingName()
		}
		result, payload, err := f(ctx, r)
		if err != nil {
			return nil, nil, failed(action, err)
		}
		answer, err := json.Marshal(result)
		if err != nil {
			return nil, nil, failed(action, err)
		}
		return answer, payload, nil
	}
}

// found is the answer of head, get and put.
type found struct {
	Object *object `json:"object"` // null: there is none, or a put was refused
	Range  *slice  `json:"range,omitempty"`
	Body   bool    `json:"body"`             // false: onlyIf did not hold
	Handle string  `json:"handle,omitempty"` // of a body that is read in pieces
}

func (s *Store) head(ctx context.Context, r *request[target]) (*found, []byte, error) {
	if err := checkKey(r.args.Key); err != nil {
		return nil, nil, err
	}
	b, err := s.bucketFor(r.caller, r.args.Binding)
	if err != nil {
		return nil, nil, err
	}
	o, err := b.head(ctx, r.args.Key)
	if o == nil || err != nil {
		r.record.Detail = r.args.Key + " (miss)"
		return &found{}, nil, err
	}
	r.record.Detail = fmt.Sprintf("%s (%d bytes)", o.Key, o.Size)
	return &found{Object: o, Range: &slice{0, o.Size}}, nil, nil
}

type getArgs struct {
	target
	Range       *span      `json:"range"`
	RangeHeader string     `json:"rangeHeader"`
	OnlyIf      *condition `json:"onlyIf"`
	Stream      bool       `json:"stream"` // a handle, however small the body
}

func (s *Store) get(ctx context.Context, r *request[getArgs]) (*found, []byte, error) {
	if err := checkKey(r.args.Key); err != nil {
		return nil, nil, err
	}
	b, err := s.bucketFor(r.caller, r.args.Binding)
	if err != nil {
		return nil, nil, err
	}
	o, content, err := b.open(ctx, r.args.Key)
	if o == nil || err != nil {
		r.record.Detail = r.args.Key + " (miss)"
		return &found{}, nil, err
	}
	answer, data, err := s.answer(r, o, content)
	if answer == nil || answer.Handle == "" {
		err = errors.Join(err, content.Close())
	}
	return answer, data, err
}

// answer gives the part of a body that is wanted, or a handle for it, which then
// closes the body.
func (s *Store) answer(r *request[getArgs], o *object, content body) (*found, []byte, error) {
	if !r.args.OnlyIf.holds(o) {
		r.record.Detail = o.Key + " (onlyIf does not hold)"
		return &found{Object: o, Range: &slice{0, o.Size}}, nil, nil
	}
	wanted := r.args.Range
	if r.args.RangeHeader != "" {
		wanted = headerSpan(r.args.RangeHeader, o.Size)
	}
	part, err := wanted.of(o.Size)
	if err != nil {
		return nil, nil, err
	}
	r.record.Detail = fmt.Sprintf("%s (hit, %d bytes)", o.Key, part.Length)
	if r.args.Stream || part.Length > maxSmallContent {
		id, err := s.handles.add(r.caller, &handle{reader: &reader{content, r.args.Binding, o.Key, part}})
		if err != nil {
			return nil, nil, err
		}
		return &found{Object: o, Range: &part, Body: true, Handle: id}, nil, nil
	}
	data := make([]byte, part.Length)
	if err := readFull(content, data, part.Offset); err != nil {
		return nil, nil, err
	}
	return &found{Object: o, Range: &part, Body: true}, data, nil
}

// readFull reads len(p) bytes at an offset: a body that is shorter than its row
// says is an error, never a shorter object.
func readFull(r io.ReaderAt, p []byte, offset int64) error {
	n, err := r.ReadAt(p, offset)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("the object's body: %w", err)
}

// putArgs are those of put, create_multipart_upload and write_begin.
type putArgs struct {
	target
	metadata
	Digest   map[string]string `json:"digest"` // hex by algorithm, at most one
	OnlyIf   *condition        `json:"onlyIf"`
	Size     int64             `json:"size"` // bytes, of write_begin
	UploadID string            `json:"uploadId"`
	Part     int64             `json:"partNumber"`
}

// check refuses what the platform refuses before it reads a body.
func (p *putArgs) check() error {
	if err := checkKey(p.Key); err != nil {
		return err
	}
	if err := checkCustom(p.Custom); err != nil {
		return err
	}
	if p.Size > maxObject {
		return errTooLarge()
	}
	if len(p.Digest) > 1 {
		return typeError("You cannot specify multiple hashing algorithms.")
	}
	for name := range p.Digest {
		if _, ok := algorithms[name]; !ok {
			return fmt.Errorf("there is no checksum %q", name)
		}
	}
	p.Checksums = nil // the guest does not say them: they are computed
	return nil
}

// algorithm is the checksum that the put brings, "" for none.
func (p *putArgs) algorithm() string {
	for name := range p.Digest {
		return name
	}
	return ""
}

// verify compares the checksum that the put brings.
func (p *putArgs) verify(c *content) error {
	for name, provided := range p.Digest {
		if actual := c.sums[name]; !strings.EqualFold(actual, provided) {
			return errDigest(name, strings.ToLower(provided), actual)
		}
	}
	return nil
}

func (s *Store) put(ctx context.Context, r *request[putArgs]) (*found, []byte, error) {
	if err := r.args.check(); err != nil {
		return nil, nil, err
	}
	b, err := s.bucketFor(r.caller, r.args.Binding)
	if err != nil {
		return nil, nil, err
	}
	return putContent(ctx, b, &r.args, contentOf(r.data, r.args.algorithm()), r.record)
}

// putContent ends a put, of one call or of many.
func putContent(ctx context.Context, b bucket, args *putArgs, c *content, record *hostcall.Record) (*found, []byte, error) {
	if err := args.verify(c); err != nil {
		c.discard()
		return nil, nil, err
	}
	o, err := b.put(ctx, args.Key, c, object{metadata: args.metadata}, args.OnlyIf)
	record.Detail = fmt.Sprintf("%s (%d bytes)", args.Key, c.size)
	if err == nil && o == nil {
		record.Detail = args.Key + " (onlyIf does not hold)"
	}
	return &found{Object: o}, nil, err
}

type deleteArgs struct {
	target
	Keys []string `json:"keys"`
}

// delete takes 1000 keys at most, as the documentation says; the local simulator
// takes any number.
func (s *Store) delete(ctx context.Context, r *request[deleteArgs]) (any, []byte, error) {
	if len(r.args.Keys) > maxDeleted {
		return nil, nil, errTooMany()
	}
	for _, key := range r.args.Keys {
		if err := checkKey(key); err != nil {
			return nil, nil, err
		}
	}
	r.record.Detail = fmt.Sprintf("%d keys", len(r.args.Keys))
	if len(r.args.Keys) == 1 {
		r.record.Detail = r.args.Keys[0]
	}
	b, err := s.bucketFor(r.caller, r.args.Binding)
	if err != nil || len(r.args.Keys) == 0 {
		return nil, nil, err
	}
	return nil, nil, b.remove(ctx, r.args.Keys)
}

type listArgs struct {
	target
	listQuery
}

func (s *Store) list(ctx context.Context, r *request[listArgs]) (*listPage, []byte, error) {
	if n := r.args.Limit; n != nil && (*n < 1 || *n > maxListed) {
		return nil, nil, errMaxKeys()
	}
	if len(r.args.Prefix) > maxKey || len(r.args.StartAfter) > maxKey {
		return nil, nil, errKey()
	}
	b, err := s.bucketFor(r.caller, r.args.Binding)
	if err != nil {
		return nil, nil, err
	}
	page, err := b.list(ctx, r.args.listQuery)
	if err != nil {
		return nil, nil, err
	}
	r.record.Detail = fmt.Sprintf("%s* (%d objects, %d prefixes)", r.args.Prefix, len(page.Objects), len(page.Prefixes))
	return page, nil, nil
}
