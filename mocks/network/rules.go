package network

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Rules say which hosts a worker may reach.
//
// Without any, that is every public address: loopback, private, link-local (where
// clouds keep their metadata) and multicast addresses are this machine's and its
// network's, and no worker has business there unless it is said.
type Rules struct {
	hosts    map[string]bool // "api.example.com", "127.0.0.1:8080"
	suffixes []string        // ".example.com"
	prefixes []netip.Prefix
	public   bool // also every public address
}

// ParseRules reads hosts as --allow has them: "api.example.com", "localhost:8080",
// "*.example.com", "10.0.0.0/8", and "*" for every public address. With at least
// one, nothing else may be reached.
func ParseRules(allow []string) (*Rules, error) {
	r := &Rules{hosts: map[string]bool{}, public: len(allow) == 0}
	for _, entry := range allow {
		name := strings.ToLower(strings.TrimSpace(entry))
		switch {
		case name == "*":
			r.public = true
		case strings.HasPrefix(name, "*."):
			r.suffixes = append(r.suffixes, name[1:])
		case name == "" || strings.ContainsAny(name, "* \t") || strings.Contains(name, "://"):
			return nil, fmt.Errorf("%q is no host: want a name such as api.example.com, *.example.com, localhost:8080 or 10.0.0.0/8", entry)
		case strings.Contains(name, "/"):
			p, err := netip.ParsePrefix(name)
			if err != nil {
				return nil, fmt.Errorf("%q is no range of addresses: want one such as 10.0.0.0/8", entry)
			}
			r.prefixes = append(r.prefixes, p.Masked())
		default:
			r.hosts[name] = true
		}
	}
	return r, nil
}

var errNotAllowed = errors.New("is not among the hosts that may be reached")

// named reports whether a rule means the host by its name or address.
func (r *Rules) named(host, port string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if r.hosts[host] || r.hosts[host+":"+port] || r.hosts["["+host+"]:"+port] {
		return true
	}
	for _, suffix := range r.suffixes {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}

// mayResolve says whether the host is worth looking up, or why not.
func (r *Rules) mayResolve(host, port string) error {
	if r.public || len(r.prefixes) > 0 || r.named(host, port) {
		return nil
	}
	return fmt.Errorf("%s %w (--allow %s)", host, errNotAllowed, host)
}

// mayConnect says whether an address that host was resolved to may be reached.
func (r *Rules) mayConnect(host, port string, addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	if r.named(host, port) {
		return nil
	}
	for _, p := range r.prefixes {
		if p.Contains(addr) {
			return nil
		}
	}
	if !r.public {
		return fmt.Errorf("%s %w (--allow %s)", host, errNotAllowed, host)
	}
	if !isPublic(addr) {
		return fmt.Errorf("%s is not a public address (%v) and %w (--allow %s)", host, addr, errNotAllowed, host)
	}
	return nil
}

// isPublic reports whether an address is on the internet at large. Ranges that
// carry an IPv4 address inside are not, since they lead wherever that does.
func isPublic(addr netip.Addr) bool {
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return false
	}
	for _, reserved := range [...]string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", // RFC 6890
		"64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", // NAT64, 6to4, Teredo
	} {
		if netip.MustParsePrefix(reserved).Contains(addr) {
			return false
		}
	}
	return true
}
