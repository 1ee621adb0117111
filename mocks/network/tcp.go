package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"

	"pymode-tui/mocks"
	"pymode-tui/runtime/hostcall"
)

const (
	// maxConnections is how many one request may hold open.
	maxConnections = 64
	readAhead      = 64 << 10 // bytes, for each connection
)

// request is the network of one request. Its methods are called on one goroutine.
type request struct {
	network     *Network
	connections map[int32]*connection
	last        int32
	wake        chan struct{} // a connection has something to read
	fetchError  error         // of the last HTTPFetch
	tcpError    error         // of the last TCPConnect
	timeout     time.Duration // of the next HTTPFetch; the network's where 0
}

// connection is a TCP connection, whose reader keeps one piece ahead, so that
// several can be waited for at once.
type connection struct {
	net.Conn
	mu   sync.Mutex
	wake chan<- struct{} // of the request that uses it, nil before there is one
	data []byte          // read ahead, not yet received
	err  error           // that ended the reading: io.EOF at the end
	more chan struct{}   // data is used up
	done chan struct{}

	reader sync.WaitGroup
}

// Ops implements [mocks.RequestNetwork].
func (r *request) Ops() map[string]mocks.Op {
	return map[string]mocks.Op{"tcp.wait": r.wait, "tcp.error": r.lastTCPError, "http.error": r.lastError, "http.timeout": r.setTimeout}
}

// close ends the request's connections.
func (r *request) close() {
	for id := range r.connections {
		r.TCPClose(context.Background(), id)
	}
}

// TCPConnect implements [hostcall.Network].
func (r *request) TCPConnect(ctx context.Context, host string, port int) (id int32, err error) {
	defer func() { r.tcpError = err }()
	address := net.JoinHostPort(host, strconv.Itoa(port))
	hostcall.RecordOf(ctx).Detail = address
	if len(r.connections) >= maxConnections {
		return 0, fmt.Errorf("more than %d connections at once", maxConnections)
	}
	c := r.network.warm.take(address)
	if c == nil {
		if c, err = r.network.connect(ctx, address); err != nil {
			return 0, err
		}
	} else {
		hostcall.RecordOf(ctx).Detail += "  at the ready"
	}
	r.network.warm.prepare(address)
	c.use(r.wake)
	r.last++
	r.connections[r.last] = c
	return r.last, nil
}

// connect opens a connection and begins to read ahead.
func (n *Network) connect(ctx context.Context, address string) (*connection, error) {
	conn, err := n.dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c := &connection{Conn: conn, more: make(chan struct{}, 1), done: make(chan struct{})}
	c.reader.Go(c.read)
	return c, nil
}

// use says who is to be woken when something came.
func (c *connection) use(wake chan<- struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wake = wake
}

// failed reports whether the connection has ended, or its peer has.
func (c *connection) failed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err != nil
}

// end closes the connection.
func (c *connection) end() {
	close(c.done)
	_ = c.Close()
	c.reader.Wait()
}

// read reads ahead until the connection ends.
func (c *connection) read() {
	buf := make([]byte, readAhead)
	for {
		n, err := c.Read(buf)
		c.mu.Lock()
		c.data, c.err = buf[:n], err
		wake := c.wake
		c.mu.Unlock()
		select {
		case wake <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
		select {
		case <-c.more:
		case <-c.done:
			return
		}
	}
}

// ready reports whether a receive would not wait.
func (c *connection) ready() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.data) > 0 || c.err != nil
}

// take moves what was read ahead to buf.
func (c *connection) take(buf []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.data) == 0 {
		if errors.Is(c.err, io.EOF) {
			return 0, nil
		}
		return 0, c.err
	}
	n := copy(buf, c.data)
	if c.data = c.data[n:]; len(c.data) == 0 && c.err == nil {
		c.more <- struct{}{} // has room: the reader waits for it once for each piece
	}
	return n, nil
}

func (r *request) connection(ctx context.Context, id int32) (*connection, error) {
	c, ok := r.connections[id]
	if !ok {
		return nil, fmt.Errorf("there is no connection %d", id)
	}
	hostcall.RecordOf(ctx).Detail = c.RemoteAddr().String()
	return c, nil
}

// TCPSend implements [hostcall.Network].
func (r *request) TCPSend(ctx context.Context, id int32, data []byte) (int, error) {
	c, err := r.connection(ctx, id)
	if err != nil {
		return 0, err
	}
	// A peer that takes nothing must not outlive the request.
	stop := context.AfterFunc(ctx, func() { _ = c.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	return c.Write(data)
}

// TCPReceive implements [hostcall.Network].
func (r *request) TCPReceive(ctx context.Context, id int32, buf []byte) (int, error) {
	c, err := r.connection(ctx, id)
	if err != nil || len(buf) == 0 {
		return 0, err
	}
	if err := r.await(ctx, nil, c.ready); err != nil {
		return 0, err
	}
	return c.take(buf)
}

// TCPClose implements [hostcall.Network].
func (r *request) TCPClose(_ context.Context, id int32) {
	c, ok := r.connections[id]
	if !ok {
		return
	}
	delete(r.connections, id)
	c.end()
}

// await returns when ok does, or the time is over.
func (r *request) await(ctx context.Context, timeout <-chan time.Time, ok func() bool) error {
	for !ok() {
		select {
		case <-r.wake:
		case <-timeout:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// wait is the op tcp.wait: {"ids", "timeout": s or null} → {"ready": ids}.
func (r *request) wait(ctx context.Context, _ mocks.Caller, args, _ []byte) (result, _ []byte, err error) {
	var a struct {
		IDs     []int32  `json:"ids"`
		Timeout *float64 `json:"timeout"`
	}
	if err := json.Unmarshal(args, &a); err != nil {
		return nil, nil, fmt.Errorf("tcp.wait: %w", err)
	}
	var timeout <-chan time.Time
	if a.Timeout != nil {
		timer := time.NewTimer(time.Duration(min(max(*a.Timeout, 0), 3600) * float64(time.Second)))
		defer timer.Stop()
		timeout = timer.C
	}
	ready := []int32{}
	err = r.await(ctx, timeout, func() bool {
		for _, id := range a.IDs {
			if c, ok := r.connections[id]; !ok || c.ready() {
				ready = append(ready, id)
			}
		}
		return len(ready) > 0
	})
	if err != nil {
		return nil, nil, err
	}
	result, err = json.Marshal(map[string][]int32{"ready": ready})
	return result, nil, err
}

// lastTCPError is the op tcp.error: why the last connect failed, which the import
// can't say: {} → {"text", "kind"}.
func (r *request) lastTCPError(context.Context, mocks.Caller, []byte, []byte) (result, _ []byte, err error) {
	var text string
	if r.tcpError != nil {
		text = r.tcpError.Error()
	}
	result, err = json.Marshal(map[string]string{"text": text, "kind": kindOf(r.tcpError)})
	return result, nil, err
}

// kindOf sorts the errors of a connect for the guest's _socket.
func kindOf(err error) string {
	var name *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &name):
		return "name"
	case errors.Is(err, errNotAllowed), errors.Is(err, errOffline):
		return "not allowed"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "unreachable"
	}
	return ""
}
