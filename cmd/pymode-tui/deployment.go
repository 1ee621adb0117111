package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"pymode-tui/gateway"
	"pymode-tui/project"
	"pymode-tui/runtime"
	"pymode-tui/traffic"
)

// deployment answers for a worker that runs elsewhere. It implements
// [gateway.Worker].
type deployment struct {
	target  *url.URL
	project *project.Project
	mask    *traffic.Masker
	capture *traffic.Capture
	report  *captureReport
}

// deploymentTimeout is how long a deployment may take to answer.
const deploymentTimeout = 5 * time.Minute

// Do implements [gateway.Worker].
func (d *deployment) Do(ctx context.Context, req *runtime.Request) *runtime.Result {
	ctx, cancel := context.WithTimeout(ctx, deploymentTimeout)
	defer cancel()
	e := &traffic.Exchange{At: time.Now(), Worker: d.project.Name, Source: traffic.SourceProxy, Request: d.outward(req)}
	var err error
	if e.Result, err = forward(ctx, e.Request); err != nil {
		d.report.failed(d.mask.Exchange(e), err)
		text := fmt.Sprintf("pymode-tui: %s does not answer: %s\n", d.target, oneLine(err.Error()))
		return &runtime.Result{
			Status: http.StatusBadGateway, Body: []byte(text),
			Headers: []runtime.Header{{"Content-Type", "text/plain; charset=utf-8"}},
		}
	}
	d.capture.Add(e, d.mask)
	d.report.answered(d.mask.Exchange(e))
	return d.inward(e.Result, req)
}

// hopHeaders belong to a connection, and those of compression to what Go's
// client agrees with the deployment: bodies are kept as they are read.
var hopHeaders = []string{
	"Accept-Encoding", "Connection", "Content-Length", "Host", "Keep-Alive", "Proxy-Authorization",
	"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// outward is a request as the deployment gets it, and as is kept: with its URL,
// and not ours, also where a page says where it is from.
func (d *deployment) outward(req *runtime.Request) *runtime.Request {
	here := origin(req.URL)
	out := &runtime.Request{Method: req.Method, URL: d.target.Scheme + "://" + d.target.Host + strings.TrimPrefix(req.URL, here), Body: req.Body}
	out.Headers = append(out.Headers, runtime.Header{"Host", d.target.Host})
	for _, h := range req.Headers {
		name, value := http.CanonicalHeaderKey(h.Name()), h.Value()
		switch {
		case slices.Contains(hopHeaders, name):
			continue
		case name == "Origin" || name == "Referer":
			if rest, ok := strings.CutPrefix(value, here); ok {
				value = d.target.Scheme + "://" + d.target.Host + rest
			}
		}
		out.Headers = append(out.Headers, runtime.Header{h.Name(), value})
	}
	return out
}

// inward is an answer as the client gets it: redirects within the deployment
// stay here, and so do its cookies.
func (d *deployment) inward(r *runtime.Result, req *runtime.Request) *runtime.Result {
	in := *r
	in.Headers = make([]runtime.Header, 0, len(r.Headers))
	for _, h := range r.Headers {
		value := h.Value()
		switch http.CanonicalHeaderKey(h.Name()) {
		case "Location":
			if rest, ok := strings.CutPrefix(value, d.target.Scheme+"://"+d.target.Host); ok && (rest == "" || rest[0] == '/') {
				value = origin(req.URL) + rest
			}
		case "Set-Cookie":
			value = withoutDomain(value)
		case "Strict-Transport-Security":
			continue // this address has no TLS
		}
		in.Headers = append(in.Headers, runtime.Header{h.Name(), value})
	}
	return &in
}

// withoutDomain is a cookie for whichever host gave it.
func withoutDomain(cookie string) string {
	parts := strings.Split(cookie, ";")
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool {
		name, _, _ := strings.Cut(strings.TrimSpace(part), "=")
		return strings.EqualFold(name, "domain")
	}), ";")
}

// origin is an absolute URL's scheme and host.
func origin(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// deploymentTransport follows no redirects, since they are answers too.
var deploymentTransport = sync.OnceValue(func() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 16
	return t
})

// forward sends a request and reads the answer whole.
func forward(ctx context.Context, req *runtime.Request) (*runtime.Result, error) {
	r, err := http.NewRequestWithContext(ctx, req.Method, req.URL, bytes.NewReader(req.Body))
	if err != nil {
		return nil, err
	}
	for _, h := range req.Headers {
		if h.Name() != "Host" {
			r.Header.Add(h.Name(), h.Value())
		}
	}
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", "") // none, in place of Go's
	}
	start := time.Now()
	response, err := deploymentTransport().RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, gateway.MaxBody+1))
	if err != nil {
		return nil, fmt.Errorf("the answer broke off: %w", err)
	}
	if len(body) > gateway.MaxBody {
		return nil, fmt.Errorf("the answer is larger than %d MB", gateway.MaxBody>>20)
	}
	result := &runtime.Result{Status: response.StatusCode, Body: body}
	result.Metrics.Wall = time.Since(start).Microseconds()
	result.Headers = slices.DeleteFunc(gateway.Headers(response.Header), func(h runtime.Header) bool {
		return slices.Contains(hopHeaders, h.Name())
	})
	return result, nil
}
