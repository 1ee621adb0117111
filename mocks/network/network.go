// Package network is how workers reach HTTP servers and TCP peers: over the real
// network, from this machine, as far as [Rules] let them.
//
// HTTP connections are kept for later requests; the host does TLS, redirects and
// gzip. A TCP connection belongs to the request that uses it and is closed with
// it; for the next request one is opened ahead.
package network

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"pymode-tui/mocks"
)

const (
	connectTimeout = 10 * time.Second
	// DefaultTimeout is how long one HTTP exchange may take, redirects and body included.
	DefaultTimeout = 60 * time.Second
	// MaxBody is the largest response body, in bytes: a guest could not hold more.
	MaxBody = 100 << 20
)

// Config says where workers may go.
type Config struct {
	Offline bool          // nothing is reached
	Allow   []string      // as [ParseRules] reads them
	Timeout time.Duration // of an HTTP exchange; DefaultTimeout where 0
}

// Network is the network of all workers. It implements [mocks.Network].
type Network struct {
	config Config
	rules  *Rules
	client *http.Client
	warm   *warm
}

// New returns a network; its only error is that of [ParseRules].
func New(config Config) (*Network, error) {
	rules, err := ParseRules(config.Allow)
	if err != nil {
		return nil, err
	}
	if config.Timeout == 0 {
		config.Timeout = DefaultTimeout
	}
	n := &Network{config: config, rules: rules}
	n.client = &http.Client{
		Transport: &http.Transport{
			DialContext: n.dial, ForceAttemptHTTP2: true, MaxIdleConns: 100, MaxIdleConnsPerHost: 16,
			IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: connectTimeout,
		},
		CheckRedirect: n.checkRedirect,
	}
	n.warm = newWarm(n.connect)
	return n, nil
}

// Close lets go of connections that nobody uses.
func (n *Network) Close() error {
	n.warm.close()
	n.client.CloseIdleConnections()
	return nil
}

// Open implements [mocks.Network].
func (n *Network) Open(_ context.Context, caller mocks.Caller) mocks.RequestNetwork {
	r := &request{network: n, connections: map[int32]*connection{}, wake: make(chan struct{}, 1)}
	caller.OnClose(r.close)
	return r
}

var errOffline = errors.New("the network is switched off (--offline)")

// dial connects to one of the addresses of a host that may be reached. Each is
// looked at after the name was resolved, so that no name leads around the rules.
func (n *Network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if n.config.Offline {
		return nil, errOffline
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if err := n.rules.mayResolve(host, port); err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: connectTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("address %q: %w", address, err)
		}
		return n.rules.mayConnect(host, port, to.Addr())
	}}
	return dialer.DialContext(ctx, network, address)
}
