package packages

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// downloads is how many files are fetched at once.
const downloads = 4

// fetchAll brings the files of packages into the cache.
func (s *syncer) fetchAll(ctx context.Context, packages []Package) error {
	var missing, unlocated []Package
	for _, p := range packages {
		if _, err := os.Stat(s.cache.file(p)); err == nil {
			continue
		}
		missing = append(missing, p)
		if p.url == "" {
			unlocated = append(unlocated, p)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if s.opts.Offline {
		return &Error{Kind: ErrOffline, Package: missing[0].Name, Message: missing[0].File + " is not in the cache", Advice: "run it without --offline once"}
	}
	if len(unlocated) > 0 {
		urls, err := s.locate(ctx, unlocated)
		if err != nil {
			return err
		}
		for i, p := range missing {
			if p.url != "" {
				continue
			}
			if missing[i].url = urls[p.File]; missing[i].url == "" {
				return &Error{
					Kind: ErrNotFound, Package: p.Name, Message: fmt.Sprintf("the index has no file %s, which %s names", p.File, LockFile),
					Advice: "run pymode-tui sync --upgrade to choose anew",
				}
			}
		}
	}
	client, err := newClient()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(downloads)
	for _, p := range missing {
		group.Go(func() error { return s.fetch(ctx, client, p) })
	}
	return group.Wait()
}

// fetch brings one file into the cache, if it has the SHA-256 that was promised.
func (s *syncer) fetch(ctx context.Context, client *http.Client, p Package) error {
	s.meter.line("fetching " + p.File)
	dir, remove, err := s.cache.scratch("fetch")
	if err != nil {
		return err
	}
	defer remove()
	partial := filepath.Join(dir, p.File)
	for attempt := 1; ; attempt++ {
		err = save(ctx, client, p, partial)
		var network *temporaryError
		if err == nil || attempt == 3 || !errors.As(err, &network) {
			break
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Duration(attempt) * time.Second):
		}
	}
	if err != nil {
		return err
	}
	target := s.cache.file(p)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return os.Rename(partial, target)
}

// temporaryError is one after which trying again makes sense.
type temporaryError struct{ err error }

func (e *temporaryError) Error() string { return e.err.Error() }
func (e *temporaryError) Unwrap() error { return e.err }

func save(ctx context.Context, client *http.Client, p Package, path string) (err error) {
	body, err := open(ctx, client, p.url)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return &Error{Kind: ErrNetwork, Package: p.Name, Message: fmt.Sprintf("can't fetch %s: %v", p.File, plain(err)), Err: err}
	}
	defer func() { _ = body.Close() }()
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(f, hash), body); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return &Error{Kind: ErrNetwork, Package: p.Name, Message: fmt.Sprintf("can't fetch %s: %v", p.File, plain(err)), Err: &temporaryError{err}}
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != p.SHA256 {
		return &Error{
			Kind: ErrDigest, Package: p.Name, Message: fmt.Sprintf("%s has the SHA-256 %s, and %s was expected", p.File, got, p.SHA256),
			Advice: "somebody changed the file in the index, or " + LockFile,
		}
	}
	return f.Sync()
}

// open opens a file of the index, which may be a folder of this machine.
func open(ctx context.Context, client *http.Client, location string) (io.ReadCloser, error) {
	u, err := url.Parse(location)
	if err != nil || u.Scheme == "" || u.Scheme == "file" {
		if err == nil && u.Scheme == "file" {
			location = u.Path
		}
		return os.Open(location)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, &temporaryError{err}
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		err := fmt.Errorf("the index answers %s", response.Status)
		if response.StatusCode >= 500 {
			return nil, &temporaryError{err}
		}
		return nil, err
	}
	return response.Body, nil
}

// plain leaves out the address, which is long and may hold a password.
func plain(err error) error {
	var address *url.Error
	if errors.As(err, &address) {
		return address.Err
	}
	return err
}

// newClient follows the proxies of the environment, and trusts PIP_CERT besides the
// system's certificates.
func newClient() (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = time.Minute
	transport.DialContext = (&net.Dialer{Timeout: 20 * time.Second}).DialContext
	if path := os.Getenv("PIP_CERT"); strings.TrimSpace(path) != "" {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read PIP_CERT: %w", err)
		}
		roots.AppendCertsFromPEM(data)
		if transport.TLSClientConfig == nil {
			transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		transport.TLSClientConfig.RootCAs = roots
	}
	return &http.Client{Transport: transport}, nil
}
