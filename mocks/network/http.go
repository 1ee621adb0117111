package network

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"time"

	"pymode-tui/mocks"
	"pymode-tui/runtime/hostcall"
)

// maxRedirects is the fetch standard's limit.
const maxRedirects = 20

func (n *Network) checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return fmt.Errorf("redirect to %q: want http or https", req.URL.Scheme)
	}
	return nil
}

// HTTPFetch implements [hostcall.Network]. Headers are [[name, value], …], or an
// object where no name repeats.
func (r *request) HTTPFetch(ctx context.Context, method, address string, headers, body []byte) (status int, responseHeaders, responseBody []byte, err error) {
	record := hostcall.RecordOf(ctx)
	record.Detail = method + " " + address
	defer func() { r.fetchError = err }()
	if r.network.config.Offline {
		return 0, nil, nil, errOffline
	}
	timeout := cmp.Or(r.timeout, r.network.config.Timeout)
	r.timeout = 0
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := newRequest(ctx, method, address, headers, body)
	if err != nil {
		return 0, nil, nil, err
	}
	response, err := r.network.client.Do(req)
	if err != nil {
		return 0, nil, nil, reason(err, timeout)
	}
	defer func() { _ = response.Body.Close() }()
	record.Detail += fmt.Sprintf(" → %d", response.StatusCode)
	responseBody, err = io.ReadAll(io.LimitReader(response.Body, MaxBody+1))
	if err != nil {
		return 0, nil, nil, fmt.Errorf("read the response: %w", reason(err, timeout))
	}
	if len(responseBody) > MaxBody {
		return 0, nil, nil, fmt.Errorf("the response is larger than %d MB", MaxBody>>20)
	}
	responseHeaders, err = json.Marshal(fields(response))
	return response.StatusCode, responseHeaders, responseBody, err
}

// reason is an error of the HTTP client without what the worker knows already.
func reason(err error, timeout time.Duration) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no whole response within %v%w", timeout, quiet{err})
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// quiet keeps an error in the chain of another that has said all there is to say.
type quiet struct{ error }

// Error implements error.
func (quiet) Error() string { return "" }

// Unwrap returns the error.
func (q quiet) Unwrap() error { return q.error }

// lastError is the op http.error: why the last fetch brought nothing, which the
// import http_fetch_full can't say: {} → {"text", "timeout"}.
func (r *request) lastError(context.Context, mocks.Caller, []byte, []byte) (result, _ []byte, err error) {
	var text string
	if r.fetchError != nil {
		text = r.fetchError.Error()
	}
	result, err = json.Marshal(map[string]any{"text": text, "timeout": errors.Is(r.fetchError, context.DeadlineExceeded)})
	return result, nil, err
}

// setTimeout is the op http.timeout: {"seconds"} for the next fetch.
func (r *request) setTimeout(_ context.Context, _ mocks.Caller, args, _ []byte) (_, _ []byte, err error) {
	var a struct {
		Seconds float64 `json:"seconds"`
	}
	if err := json.Unmarshal(args, &a); err != nil {
		return nil, nil, fmt.Errorf("http.timeout: %w", err)
	}
	r.timeout = min(max(time.Duration(a.Seconds*float64(time.Second)), time.Millisecond), r.network.config.Timeout)
	return nil, nil, nil
}

func newRequest(ctx context.Context, method, address string, headers, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" || req.URL.Host == "" {
		return nil, errors.New("the URL must begin with http:// or https:// and a host")
	}
	sent, err := parseHeaders(headers)
	if err != nil {
		return nil, err
	}
	for _, h := range sent {
		switch strings.ToLower(h[0]) {
		case "host":
			req.Host = h[1]
		case "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade":
			// These belong to the connection, which is ours.
		default:
			req.Header.Add(h[0], h[1])
		}
	}
	return req, nil
}

func parseHeaders(document []byte) (headers [][2]string, err error) {
	if len(document) == 0 {
		return nil, nil
	}
	if err = json.Unmarshal(document, &headers); err == nil {
		return headers, nil
	}
	var object map[string]string
	if err := json.Unmarshal(document, &object); err != nil {
		return nil, fmt.Errorf("headers: want a list of pairs or an object: %w", err)
	}
	for name, value := range object {
		headers = append(headers, [2]string{name, value})
	}
	return headers, nil
}

// fields are a response's headers, repeats kept, sorted by name.
func fields(response *http.Response) [][2]string {
	list := [][2]string{}
	for name, values := range response.Header {
		for _, value := range values {
			list = append(list, [2]string{name, value})
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i][0] < list[j][0] })
	return list
}
