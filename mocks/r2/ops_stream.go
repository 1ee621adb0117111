package r2

import (
	"context"
	"errors"
	"fmt"
)

type handleArgs struct {
	Handle string `json:"handle"`
	Offset int64  `json:"offset"` // bytes, from the start of the part that was asked for
	Length int64  `json:"length"` // bytes
}

// errHandle is for a guest that uses what it has closed, or invents a handle.
var errHandle = errors.New("the object is no longer open")

// read gives a piece of a body that get opened: nothing at its end.
func (s *Store) read(_ context.Context, r *request[handleArgs]) (any, []byte, error) {
	h := s.handles.get(r.caller, r.args.Handle)
	if h == nil || h.reader == nil {
		return nil, nil, errHandle
	}
	from := h.reader
	r.record.Binding = from.binding
	if r.args.Offset < 0 || r.args.Length < 0 {
		return nil, nil, errRange()
	}
	n := min(r.args.Length, maxPiece, max(from.part.Length-r.args.Offset, 0))
	r.record.Detail = fmt.Sprintf("%s (%d bytes at %d)", from.key, n, from.part.Offset+r.args.Offset)
	if n == 0 {
		return nil, nil, nil
	}
	data := make([]byte, n)
	return nil, data, readFull(from.body, data, from.part.Offset+r.args.Offset)
}

// closeHandle lets go of a body; what was written of it is deleted.
func (s *Store) closeHandle(_ context.Context, r *request[handleArgs]) (any, []byte, error) {
	h := s.handles.take(r.caller, r.args.Handle)
	if h == nil {
		return nil, nil, nil
	}
	if h.reader != nil {
		r.record.Binding, r.record.Detail = h.reader.binding, h.reader.key
	} else {
		r.record.Binding, r.record.Detail = h.writer.args.Binding, h.writer.args.Key
	}
	return nil, nil, h.close()
}

type begun struct {
	Handle string `json:"handle"`
}

// writeBegin begins a put, or with an uploadId a part, whose body comes in
// pieces.
func (s *Store) writeBegin(_ context.Context, r *request[putArgs]) (*begun, []byte, error) {
	w := &writer{action: "put", args: r.args, declare: r.args.Size}
	if r.args.UploadID != "" {
		w.action = "uploadPart"
	}
	r.record.Detail = fmt.Sprintf("%s (%d bytes)", r.args.Key, r.args.Size)
	err := w.args.check()
	if err != nil {
		return nil, nil, failed(w.action, err)
	}
	if w.bucket, err = s.bucketFor(r.caller, r.args.Binding); err != nil {
		return nil, nil, failed(w.action, err)
	}
	if w.spool, err = w.bucket.local().newSpool(w.args.algorithm()); err != nil {
		return nil, nil, failed(w.action, err)
	}
	id, err := s.handles.add(r.caller, &handle{writer: w})
	return &begun{id}, nil, failed(w.action, err)
}

// write adds a piece. After an error the body is gone.
func (s *Store) write(_ context.Context, r *request[handleArgs]) (any, []byte, error) {
	h := s.handles.get(r.caller, r.args.Handle)
	if h == nil || h.writer == nil {
		return nil, nil, errHandle
	}
	w := h.writer
	r.record.Binding = w.args.Binding
	r.record.Detail = fmt.Sprintf("%s (%d bytes at %d)", w.args.Key, len(r.data), w.spool.size)
	err := error(errLonger)
	if w.spool.size+int64(len(r.data)) <= w.declare {
		_, err = w.spool.Write(r.data)
	}
	if err != nil {
		if h := s.handles.take(r.caller, r.args.Handle); h != nil {
			err = errors.Join(err, h.close())
		}
		return nil, nil, failed(w.action, err)
	}
	return nil, nil, nil
}

// writeCommit makes an object, or a part, of what was written.
func (s *Store) writeCommit(ctx context.Context, r *request[handleArgs]) (any, []byte, error) {
	h := s.handles.take(r.caller, r.args.Handle)
	if h == nil || h.writer == nil {
		return nil, nil, errHandle
	}
	w := h.writer
	r.record.Binding, r.record.Detail = w.args.Binding, w.args.Key
	if w.spool.size != w.declare {
		w.spool.discard()
		return nil, nil, errShorter
	}
	c, err := w.spool.finish()
	if err != nil {
		return nil, nil, failed(w.action, err)
	}
	if w.action == "uploadPart" {
		p, err := w.bucket.local().addPart(w.args.UploadID, w.args.Key, w.args.Part, c)
		return p, nil, failed(w.action, err)
	}
	return wrapFound(putContent(ctx, w.bucket, &w.args, c, r.record))
}

func wrapFound(f *found, data []byte, err error) (any, []byte, error) { return f, data, err }
