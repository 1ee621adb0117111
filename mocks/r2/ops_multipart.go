package r2

import (
	"context"
	"fmt"
)

type uploadArgs struct {
	target
	UploadID string `json:"uploadId"`
	Part     int64  `json:"partNumber"`
	Parts    []part `json:"parts"`
}

type uploadBegun struct {
	Key      string `json:"key"`
	UploadID string `json:"uploadId"`
}

func (s *Store) createUpload(_ context.Context, r *request[putArgs]) (*uploadBegun, []byte, error) {
	if err := r.args.check(); err != nil {
		return nil, nil, err
	}
	b, err := s.bucketFor(r.caller, r.args.Binding)
	if err != nil {
		return nil, nil, err
	}
	id, err := b.local().begin(r.args.Key, r.args.metadata)
	r.record.Detail = r.args.Key
	return &uploadBegun{r.args.Key, id}, nil, err
}

func (s *Store) uploadPart(_ context.Context, r *request[uploadArgs]) (*part, []byte, error) {
	if err := checkKey(r.args.Key); err != nil {
		return nil, nil, err
	}
	b, err := s.bucketFor(r.caller, r.args.Binding)
	if err != nil {
		return nil, nil, err
	}
	r.record.Detail = fmt.Sprintf("%s, part %d (%d bytes)", r.args.Key, r.args.Part, len(r.data))
	p, err := b.local().addPart(r.args.UploadID, r.args.Key, r.args.Part, contentOf(r.data, ""))
	return p, nil, err
}

func (s *Store) completeUpload(ctx context.Context, r *request[uploadArgs]) (*found, []byte, error) {
	if err := checkKey(r.args.Key); err != nil {
		return nil, nil, err
	}
	if len(r.args.Parts) > maxPart {
		return nil, nil, errBadUpload()
	}
	b, err := s.bucketFor(r.caller, r.args.Binding)
	if err != nil {
		return nil, nil, err
	}
	r.record.Detail = fmt.Sprintf("%s (%d parts)", r.args.Key, len(r.args.Parts))
	o, err := complete(ctx, b, r.args.UploadID, r.args.Key, r.args.Parts)
	return &found{Object: o}, nil, err
}

func (s *Store) abortUpload(_ context.Context, r *request[uploadArgs]) (any, []byte, error) {
	if err := checkKey(r.args.Key); err != nil {
		return nil, nil, err
	}
	b, err := s.bucketFor(r.caller, r.args.Binding)
	if err != nil {
		return nil, nil, err
	}
	r.record.Detail = r.args.Key
	return nil, nil, b.local().abort(r.args.UploadID, r.args.Key)
}
