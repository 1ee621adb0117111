// Package gateway is the local HTTP listener in front of a worker: HTTP/1.1 and
// HTTP/2 without TLS.
//
//	client ─▶ admission (Host, Origin) ─▶ the body, whole ─▶ Worker.Do ─▶ the response, whole
//
// A worker's request and response are documents, as they are on the platform:
// bodies are read to their end first, and what can only be streamed is refused
// with a reason.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"pymode-tui/runtime"
)

// MaxBody is the largest request body in bytes; the platform takes as much.
const MaxBody = 100 << 20

// Worker answers requests; a [*runtime.Worker] does.
type Worker interface {
	Do(ctx context.Context, req *runtime.Request) *runtime.Result
}

// Config says how to listen.
type Config struct {
	Addr  string   // "127.0.0.1:8787"; port 0 takes a free one
	Hosts []string // host names to answer to beside the loopback's and the address's own
}

// Gateway is a listener that is open.
type Gateway struct {
	listener net.Listener
	server   *http.Server
	served   chan error
}

// Listen opens the address and answers with w from now on. Where another
// process has the address, the error is an [*InUseError].
func Listen(config Config, w Worker) (*Gateway, error) {
	l, err := net.Listen("tcp", config.Addr)
	if err != nil {
		return nil, listenError(config.Addr, err)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	g := &Gateway{
		listener: l,
		served:   make(chan error, 1),
		server: &http.Server{
			Handler:           newHandler(w, admission{hosts: config.Hosts, listen: l.Addr()}),
			Protocols:         protocols,
			ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout:       2 * time.Minute,
		},
	}
	go func() { g.served <- g.server.Serve(l) }()
	return g, nil
}

// Addr is the address that is listened on, with the real port.
func (g *Gateway) Addr() string { return g.listener.Addr().String() }

// URL is where a browser on this machine finds the worker.
func (g *Gateway) URL() string {
	host, port, _ := net.SplitHostPort(g.Addr())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Close stops listening and waits for requests under way until ctx is done;
// then they are cut off.
func (g *Gateway) Close(ctx context.Context) error {
	err := g.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, g.server.Close())
	}
	if served := <-g.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

type handler struct {
	worker    Worker
	admission admission
}

func newHandler(w Worker, a admission) http.Handler { return &handler{w, a} }

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if reason := h.admission.refuse(r); reason != "" {
		refuse(w, http.StatusForbidden, reason)
		return
	}
	if r.Method == http.MethodConnect || r.Header.Get("Upgrade") != "" && headerHas(r.Header, "Connection", "upgrade") {
		refuse(w, http.StatusNotImplemented, "a worker answers whole requests: upgrades (WebSocket) and CONNECT are not supported")
		return
	}
	body, err := readBody(w, r)
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the request body is larger than %d MB", MaxBody>>20))
			return
		}
		refuse(w, http.StatusBadRequest, "the request body broke off: "+err.Error())
		return
	}
	result := h.worker.Do(r.Context(), request(r, body))
	writeResult(w, r, result)
}

// readBody reads the body whole; its declared length is allocated once.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limited := http.MaxBytesReader(w, r.Body, MaxBody)
	if r.ContentLength <= 0 || r.ContentLength > MaxBody {
		return io.ReadAll(limited)
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(limited, body)
	return body, err
}

// request is r as a worker gets it.
func request(r *http.Request, body []byte) *runtime.Request {
	req := &runtime.Request{
		Method: r.Method,
		URL:    "http://" + r.Host + r.URL.RequestURI(),
		Body:   body,
	}
	req.Headers = append(req.Headers, runtime.Header{"Host", r.Host})
	req.Headers = append(req.Headers, Headers(r.Header)...)
	return req
}

// Headers lists fields as a worker's messages have them. HTTP leaves the order of
// fields with different names open, and net/http forgets it: they are sorted.
func Headers(h http.Header) []runtime.Header {
	headers := make([]runtime.Header, 0, len(h))
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			headers = append(headers, runtime.Header{name, value})
		}
	}
	return headers
}

// connectionHeaders belong to the connection, which is the gateway's.
var connectionHeaders = []string{
	"Connection", "Content-Length", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

func writeResult(w http.ResponseWriter, r *http.Request, result *runtime.Result) {
	header := w.Header()
	for _, h := range result.Headers {
		name := http.CanonicalHeaderKey(h.Name())
		if !slices.Contains(connectionHeaders, name) {
			header[name] = append(header[name], h.Value())
		}
	}
	if _, ok := header["Content-Type"]; !ok {
		header["Content-Type"] = nil // net/http shall not guess
	}
	if result.Status != http.StatusNoContent && result.Status != http.StatusNotModified {
		header.Set("Content-Length", strconv.Itoa(len(result.Body)))
	}
	w.WriteHeader(result.Status)
	if r.Method != http.MethodHead {
		// A client that went away is no concern of the worker's.
		_, _ = w.Write(result.Body)
	}
}

// refuse answers for the gateway itself.
func refuse(w http.ResponseWriter, status int, reason string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Connection", "close")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "pymode-tui: "+reason+"\n")
}

// headerHas reports whether a list-valued header has the token, in any case.
func headerHas(h http.Header, name, token string) bool {
	for _, value := range h.Values(name) {
		for item := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(item), token) {
				return true
			}
		}
	}
	return false
}
