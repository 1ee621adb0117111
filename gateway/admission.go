package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// admission decides which requests get to the worker. A web page that the
// developer happens to visit can make the browser send requests to the loopback
// address, directly or through a name that it resolves to it (DNS rebinding).
// The Host header gives away the second, Origin and Sec-Fetch-Site the first.
type admission struct {
	hosts  []string
	listen net.Addr
}

// refuse says why r does not get in, "" where it does.
func (a admission) refuse(r *http.Request) string {
	if !a.knows(hostname(r.Host)) {
		return "the host \"" + printable(r.Host) + "\" is not this worker's: use localhost, or allow it with --host"
	}
	if origin := r.Header.Get("Origin"); origin != "" && !a.knowsOrigin(origin) {
		return "a page of \"" + printable(origin) + "\" may not call this worker"
	}
	// Requests without Origin: images, scripts, forms by GET. A person who
	// follows a link navigates, which is welcome.
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate" && r.Header.Get("Origin") == "" {
		return "a page of another site may not call this worker"
	}
	return ""
}

func (a admission) knowsOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && a.knows(u.Hostname())
}

// knows reports whether the name is one of this machine's own.
func (a admission) knows(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || slices.Contains(a.hosts, host) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	// An address can't be rebound. Beyond the loopback it only arrives where
	// the developer chose to listen there.
	return ip.IsLoopback() || !a.onLoopback()
}

func (a admission) onLoopback() bool {
	tcp, ok := a.listen.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// hostname is the name in a Host header.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

// printable is at most 100 characters of s that can't do harm to a terminal.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' {
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), 100)]
}
