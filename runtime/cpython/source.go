package cpython

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The versions that are built.
const (
	PythonVersion = "3.13.5"
	ZlibVersion   = "1.3.1"
	ZigVersion    = "0.17.1"
)

// source is something to fetch: any of its archives will do.
type source struct {
	title    string
	archives []archive
	debian   string // the source package of Debian that holds one of the archives
}

// archive is a file pinned by its digest, and where its authors publish it.
type archive struct {
	name   string
	sha256 string
	urls   []string
}

func pythonSource() source {
	return source{
		title: "CPython " + PythonVersion,
		archives: []archive{{
			name:   "Python-3.13.5.tar.xz",
			sha256: "93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640",
			urls:   []string{"https://www.python.org/ftp/python/3.13.5/Python-3.13.5.tar.xz"},
		}},
		debian: "python3.13",
	}
}

// zlibSource has two archives: the authors' own, and Debian's, from which files
// were removed that are not compiled here.
func zlibSource() source {
	return source{
		title: "zlib " + ZlibVersion,
		archives: []archive{
			{
				name:   "zlib-1.3.1.tar.gz",
				sha256: "9a93b2b7dfdac77ceba5a558a580e74667dd6fede4585b91eefb60f03b72df23",
				urls: []string{
					"https://zlib.net/fossils/zlib-1.3.1.tar.gz",
					"https://github.com/madler/zlib/releases/download/v1.3.1/zlib-1.3.1.tar.gz",
				},
			},
			{
				name:   "zlib_1.3.dfsg+really1.3.1.orig.tar.gz",
				sha256: "60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb",
			},
		},
		debian: "zlib",
	}
}

func (s source) digests() []string {
	var all []string
	for _, a := range s.archives {
		all = append(all, a.sha256)
	}
	return all
}

// find returns the archive in dir, by name.
func (s source) find(dir string) (string, error) {
	for _, a := range s.archives {
		if path := filepath.Join(dir, a.name); pathExists(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("no archive of %s in %s", s.title, dir)
}

// unobtainable says that no place had a source.
type unobtainable struct {
	source source
	causes []error
}

func (e *unobtainable) Error() string {
	return fmt.Sprintf("can't get the source of %s: %s", e.source.title, joinErrors(e.causes))
}

func (e *unobtainable) Unwrap() []error { return e.causes }

func (e *unobtainable) Hint() string {
	a := e.source.archives[0]
	return fmt.Sprintf("get %s elsewhere (SHA-256 %s), put it into a folder and pass that with --source", a.name, a.sha256)
}

func joinErrors(errs []error) string {
	text := ""
	for i, err := range errs {
		if i > 0 {
			text += "; "
		}
		text += err.Error()
	}
	return text
}

// fetch puts one of the source's archives into the job's directory. A file that
// the user named is used or is an error; the other places are tried in order.
func (s source) fetch(ctx context.Context, j *job) error {
	if given, ok, err := s.given(j.opts.Source); err != nil {
		return err
	} else if ok {
		j.printf("taking %s", given)
		return s.keep(j, given)
	}
	failed := &unobtainable{source: s}
	for _, a := range s.archives {
		for _, url := range a.urls {
			j.printf("downloading %s", url)
			err := s.download(ctx, j, url, a)
			if err == nil {
				return nil
			}
			if ctx.Err() != nil || diskFull(err, nil) {
				return err
			}
			j.printf("failed: %v", err)
			failed.causes = append(failed.causes, err)
		}
	}
	err := s.fetchFromDebian(ctx, j)
	if err == nil || ctx.Err() != nil || diskFull(err, j.tail.lines()) {
		return err
	}
	j.printf("failed: %v", err)
	failed.causes = append(failed.causes, err)
	return failed
}

// given finds the source in what the user passed: a folder with archives, or
// the Python archive under any name.
func (s source) given(path string) (string, bool, error) {
	if path == "" {
		return "", false, nil
	}
	st, err := os.Stat(path)
	if err != nil {
		return "", false, fmt.Errorf("the given source: %w", err)
	}
	if st.IsDir() {
		found, err := s.find(path)
		return found, err == nil, nil // other sources may have to come from elsewhere
	}
	return path, s.debian == pythonSource().debian, nil
}

// keep copies a file into the job's directory if it is one of the archives.
func (s source) keep(j *job, path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	return s.save(j, path, in)
}

// save writes an archive to the job's directory, where it gets its name only
// if its digest is right.
func (s source) save(j *job, from string, in io.Reader) (err error) {
	tmp := filepath.Join(j.dir, "archive.tmp")
	out, err := os.Create(tmp)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, out.Close())
		if err != nil {
			_ = os.Remove(tmp)
		}
	}()
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, h), in); err != nil {
		return fmt.Errorf("read %s: %w", from, err)
	}
	got := hex.EncodeToString(h.Sum(nil))
	i := slices.Index(s.digests(), got)
	if i < 0 {
		return &DigestError{File: from, Got: got, Want: s.digests()}
	}
	return os.Rename(tmp, filepath.Join(j.dir, s.archives[i].name))
}

// Where the network is closed, often nothing answers at all: don't wait long
// for a connection, and give up on one that stands still.
const (
	connectTimeout = 5 * time.Second
	stallTimeout   = 30 * time.Second
)

var errStalled = errors.New("nothing came for " + stallTimeout.String())

func (s source) download(ctx context.Context, j *job, url string, a archive) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: 2 * connectTimeout,
	}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	body := &watchedReader{in: response.Body, total: response.ContentLength, report: j.report}
	body.stall = time.AfterFunc(stallTimeout, func() { cancel(errStalled) })
	defer body.stall.Stop()
	if err := s.save(j, url, body); err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
			return fmt.Errorf("%s: %w", a.name, cause)
		}
		return err
	}
	return nil
}

// watchedReader reports how much was read and notices when nothing comes.
type watchedReader struct {
	in     io.Reader
	read   int64
	total  int64 // unknown where it isn't positive
	report func(float64, string)
	stall  *time.Timer
}

// Read implements [io.Reader].
func (r *watchedReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	r.read += int64(n)
	r.stall.Reset(stallTimeout)
	if r.total > 0 {
		r.report(float64(r.read)/float64(r.total), FormatBytes(r.read)+" of "+FormatBytes(r.total))
	}
	return n, err
}
