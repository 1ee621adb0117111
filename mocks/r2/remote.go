package r2

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"
	"gocloud.dev/gcerrors"
	"golang.org/x/sync/errgroup"
)

// service is one bucket of an S3 service, in which all of a store's buckets are,
// each under a prefix of its own.
type service struct {
	blobs  *blob.Bucket
	prefix string
}

// openService takes a URL of s3blob. Nothing is asked of the service yet.
func openService(ctx context.Context, address, prefix string) (*service, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the URL can't be read; it has to be like s3://bucket?region=auto&endpoint=https://…")
	}
	if u.Scheme != s3blob.Scheme || u.Host == "" {
		return nil, fmt.Errorf("the URL has to be like s3://bucket?region=auto&endpoint=https://…, not %s", u.Redacted())
	}
	blobs, err := new(s3blob.URLOpener).OpenBucketURL(ctx, u)
	if err != nil {
		return nil, err
	}
	if prefix != "" {
		prefix = strings.TrimSuffix(prefix, "/") + "/"
	}
	return &service{blobs, prefix}, nil
}

func (s *service) close() error { return s.blobs.Close() }

func (s *service) bucket(name string, a *area) bucket {
	return &remote{area: a, blobs: s.blobs, prefix: s.prefix + url.PathEscape(name) + "/"}
}

// remote is a bucket in an S3 service.
//
// S3 has no conditions on everything that R2 has them on: a put looks first and
// writes then, alone among the puts of this process, not among all of the world.
// The project's and the bucket's names count as part of the key, for which S3
// has room for 1024 bytes. Keys with control characters or "../" are escaped by s3blob, and listed in the
// order of what they are escaped to.
type remote struct {
	*area
	blobs  *blob.Bucket
	prefix string
	puts   sync.Mutex
}

var _ bucket = (*remote)(nil)

// errService is an error of the S3 service, in the service's own words and
// without the key, which may be long.
func errService(err error) error {
	var answered smithy.APIError
	if errors.As(err, &answered) {
		text := answered.ErrorMessage()
		return fmt.Errorf("the S3 service: %s: %.200s", answered.ErrorCode(), text)
	}
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		return fmt.Errorf("the S3 service: %w", operation)
	}
	return fmt.Errorf("the S3 service: %w", err)
}

const (
	// metadataName is the S3 metadata that holds what R2 has and S3 has not.
	metadataName = "r2"
	// maxS3Metadata is what S3 services take, in bytes.
	maxS3Metadata = 2048
	// s3Requests is how many requests for one call are under way at a time.
	s3Requests = 8
)

func (r *remote) local() *area { return r.area }

func (r *remote) head(ctx context.Context, key string) (*object, error) {
	attributes, err := r.blobs.Attributes(ctx, r.prefix+key)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, errService(err)
	}
	return remoteObject(key, attributes)
}

// remoteObject reads what put has written, or what there is of an object that
// somebody else put there.
func remoteObject(key string, attributes *blob.Attributes) (*object, error) {
	o := &object{
		ETag: strings.Trim(attributes.ETag, `"`), Uploaded: attributes.ModTime.UnixMilli(),
		Version: contentOf([]byte(attributes.ETag+attributes.ModTime.String()), "").sums["md5"],
	}
	if text, ok := attributes.Metadata[metadataName]; ok {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err == nil {
			err = json.Unmarshal(b, o)
		}
		if err != nil {
			return nil, fmt.Errorf("the metadata of %s: %w", key, err)
		}
	} else if attributes.ContentType != "" {
		contentType, err := json.Marshal(attributes.ContentType)
		if err != nil {
			return nil, err
		}
		o.HTTP = map[string]json.RawMessage{"contentType": contentType}
	}
	o.Key, o.Size, o.serviceETag = key, attributes.Size, attributes.ETag
	o.fill()
	return o, nil
}

func (r *remote) open(ctx context.Context, key string) (*object, body, error) {
	o, err := r.head(ctx, key)
	if o == nil || err != nil {
		return nil, nil, err
	}
	return o, &remoteBody{ctx, r.blobs, r.prefix + key, o}, nil
}

// remoteBody reads ranges of an object; it holds nothing open.
type remoteBody struct {
	ctx   context.Context // of the request that reads it
	blobs *blob.Bucket
	key   string
	of    *object
}

// ReadAt implements [io.ReaderAt].
func (b *remoteBody) ReadAt(p []byte, offset int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	from, err := b.blobs.NewRangeReader(b.ctx, b.key, offset, int64(len(p)), &blob.ReaderOptions{BeforeRead: b.sameObject})
	if code := gcerrors.Code(err); code == gcerrors.NotFound || code == gcerrors.FailedPrecondition {
		return 0, errReplaced
	}
	if err != nil {
		return 0, b.failed(err)
	}
	n, err := io.ReadFull(from, p)
	var answer s3.GetObjectOutput
	if from.As(&answer) && answer.ETag != nil && *answer.ETag != b.of.serviceETag {
		n, err = 0, errReplaced
	}
	return n, errors.Join(err, from.Close())
}

// errReplaced says that the next piece would be one of another object.
var errReplaced = errors.New("the object was replaced while it was read")

// sameObject asks for the object that was opened, not for a later one.
func (b *remoteBody) sameObject(as func(any) bool) error {
	var in *s3.GetObjectInput
	if as(&in) {
		in.IfMatch = &b.of.serviceETag
	}
	return nil
}

// failed tells a range that is not there any more, of a shorter object, from
// other errors.
func (b *remoteBody) failed(err error) error {
	var answered smithy.APIError
	if errors.As(err, &answered) && (answered.ErrorCode() == "InvalidRange" || answered.ErrorCode() == "PreconditionFailed") {
		return errReplaced
	}
	return errService(err)
}

// Close implements [io.Closer].
func (b *remoteBody) Close() error { return nil }

func (r *remote) put(ctx context.Context, key string, c *content, o object, cond *condition) (*object, error) {
	defer c.discard()
	if len(r.prefix)+len(key) > maxKey {
		return nil, fmt.Errorf("%w: of the 1024 bytes that S3 services take, the names of project and bucket need %d", errKey(), len(r.prefix))
	}
	o = completed(o, key, c)
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	encoded := base64.RawURLEncoding.EncodeToString(text)
	if len(encoded) > maxS3Metadata-64 {
		return nil, fmt.Errorf("%w: S3 services take %d bytes", errMetadata(), maxS3Metadata)
	}
	from, err := c.reader()
	if err != nil {
		return nil, err
	}
	defer from.Close()
	r.puts.Lock()
	defer r.puts.Unlock()
	if cond != nil {
		before, err := r.head(ctx, key)
		if err != nil || !cond.holds(before) {
			return nil, err
		}
	}
	err = r.upload(ctx, r.prefix+key, from, &blob.WriterOptions{
		ContentType: httpField(o, "contentType", "application/octet-stream"), CacheControl: httpField(o, "cacheControl", ""),
		ContentEncoding: httpField(o, "contentEncoding", ""), ContentLanguage: httpField(o, "contentLanguage", ""),
		ContentDisposition: httpField(o, "contentDisposition", ""),
		Metadata:           map[string]string{metadataName: encoded},
		BufferSize:         minPart, MaxConcurrency: 2,
	})
	if err != nil {
		return nil, errService(err)
	}
	return &o, nil
}

// upload writes one object. S3 makes it visible when it is whole.
func (r *remote) upload(ctx context.Context, key string, from io.Reader, options *blob.WriterOptions) error {
	// A writer whose context is cancelled before it is closed writes nothing.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := r.blobs.NewWriter(ctx, key, options)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, from); err != nil {
		cancel()
		return errors.Join(err, w.Close())
	}
	return w.Close()
}

// httpField gives a field of an object's httpMetadata, or else.
func httpField(o object, name, or string) string {
	var text string
	if err := json.Unmarshal(o.HTTP[name], &text); err != nil || text == "" {
		return or
	}
	return text
}

// reader opens the content.
func (c *content) reader() (io.ReadCloser, error) {
	if c.onDisk == nil {
		return io.NopCloser(bytes.NewReader(c.data)), nil
	}
	return os.Open(c.onDisk.path)
}

func (r *remote) remove(ctx context.Context, keys []string) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(s3Requests)
	for _, key := range keys {
		g.Go(func() error {
			err := r.blobs.Delete(ctx, r.prefix+key)
			if err != nil && gcerrors.Code(err) != gcerrors.NotFound {
				return errService(err)
			}
			return nil
		})
	}
	return g.Wait()
}

func (r *remote) list(ctx context.Context, q listQuery) (*listPage, error) {
	page := newPager(q)
	for page.more() {
		objects := r.blobs.List(&blob.ListOptions{Prefix: r.prefix + q.Prefix, BeforeList: r.startAfter(page.from)})
		for {
			found, err := objects.Next(ctx)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, errService(err)
			}
			key := strings.TrimPrefix(found.Key, r.prefix)
			if key >= page.from && !page.add(object{Key: key}) {
				break
			}
		}
		page.exhausted()
	}
	return r.describe(ctx, page)
}

// startAfter lets the service begin near the key from, where it can: keys before
// it that are listed nevertheless are left out by list.
func (r *remote) startAfter(from string) func(func(any) bool) error {
	after := strings.TrimSuffix(from, "\x00")
	if after == from || strings.ContainsFunc(after, func(c rune) bool { return c < ' ' || c > '~' }) || strings.Contains(after, "../") {
		return nil
	}
	return func(as func(any) bool) error {
		var in *s3.ListObjectsV2Input
		if as(&in) && in.ContinuationToken == nil {
			key := r.prefix + after
			in.StartAfter = &key
		}
		return nil
	}
}

// describe asks for what a listing of S3 does not say of its objects.
func (r *remote) describe(ctx context.Context, page *pager) (*listPage, error) {
	result := page.result()
	known := make([]*object, len(result.Objects))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(s3Requests)
	for i, o := range result.Objects {
		g.Go(func() (err error) {
			known[i], err = r.head(ctx, o.Key)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	result.Objects = result.Objects[:0]
	for _, o := range known {
		if o != nil { // nil: deleted in between
			result.Objects = append(result.Objects, page.seen(*o))
		}
	}
	return result, nil
}
