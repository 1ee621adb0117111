package traffic

import (
	"fmt"
	"strings"
)

// shortOptions are curl's options of one letter, of which the name is another.
var shortOptions = map[byte]string{
	'0': "http1.0", '1': "tlsv1", '2': "sslv2", '3': "sslv3", '4': "ipv4", '6': "ipv6", '#': "progress-bar", ':': "next",
	'a': "append", 'A': "user-agent", 'b': "cookie", 'B': "use-ascii", 'c': "cookie-jar", 'C': "continue-at",
	'd': "data", 'D': "dump-header", 'e': "referer", 'E': "cert", 'f': "fail", 'F': "form", 'g': "globoff",
	'G': "get", 'H': "header", 'i': "include", 'I': "head", 'j': "junk-session-cookies", 'J': "remote-header-name",
	'k': "insecure", 'K': "config", 'l': "list-only", 'L': "location", 'm': "max-time", 'n': "netrc", 'N': "no-buffer",
	'o': "output", 'O': "remote-name", 'p': "proxytunnel", 'q': "disable", 'r': "range", 'R': "remote-time",
	's': "silent", 'S': "show-error", 'T': "upload-file", 'u': "user", 'U': "proxy-user", 'v': "verbose",
	'w': "write-out", 'x': "proxy", 'X': "request", 'y': "speed-time", 'Y': "speed-limit", 'z': "time-cond",
	'Z': "parallel",
}

// The bounds of a command line.
const (
	maxArguments = 100_000
	maxCombined  = 100 // options of one letter in a word
)

// optionKind says what is done with an option.
type optionKind int

const (
	optionUnknown      optionKind = iota
	optionFlag                    // means something, has no value
	optionValue                   // means something, has a value
	optionIgnored                 // is left out, has no value
	optionIgnoredValue            // is left out with its value
)

// The options of curl(1) that are known, without the dashes.
const (
	curlFlags   = " compressed get globoff head next path-as-is "
	curlValues  = " aws-sigv4 config cookie data data-ascii data-binary data-raw data-urlencode form form-string header json oauth2-bearer range referer request request-target upload-file url url-query user user-agent "
	curlIgnored = " alpn anyauth append basic buffer cert-status clobber compressed-ssh create-dirs digest disable fail fail-early fail-with-body false-start form-escape http0.9 http1.0 http1.1 http2 http2-prior-knowledge http3 http3-only ignore-content-length include insecure ipv4 ipv6 junk-session-cookies keepalive list-only location location-trusted negotiate netrc netrc-optional ntlm parallel parallel-immediate post301 post302 post303 progress-bar progress-meter proxy-insecure proxytunnel raw remote-header-name remote-name remote-name-all remote-time remove-on-error retry-all-errors retry-connrefused sessionid show-error silent ssl ssl-no-revoke ssl-reqd ssl-revoke-best-effort sslv2 sslv3 styled-output suppress-connect-headers tcp-fastopen tcp-nodelay tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 tr-encoding trace-ids trace-time use-ascii verbose xattr "

	curlIgnoredValues = " abstract-unix-socket alt-svc cacert capath cert cert-type ciphers connect-timeout connect-to continue-at cookie-jar create-file-mode crlfile curves delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url dump-header engine etag-compare etag-save expect100-timeout happy-eyeballs-timeout-ms hsts interface keepalive-time key key-type limit-rate local-port max-filesize max-redirs max-time netrc-file noproxy output output-dir parallel-max pass pinnedpubkey preproxy proto proto-default proto-redir proxy proxy-cacert proxy-cert proxy-header proxy-user rate resolve retry retry-delay retry-max-time service-name socks4 socks4a socks5 socks5-hostname speed-limit speed-time stderr time-cond tls-max tls13-ciphers trace trace-ascii unix-socket variable write-out "
)

// kindOfOption looks an option up by its long name.
func kindOfOption(name string) optionKind {
	for _, list := range []struct {
		names string
		kind  optionKind
	}{
		{curlFlags, optionFlag},
		{curlValues, optionValue},
		{curlIgnored, optionIgnored},
		{curlIgnoredValues, optionIgnoredValue},
	} {
		if name != "" && !strings.Contains(name, " ") && strings.Contains(list.names, " "+name+" ") {
			return list.kind
		}
	}
	return optionUnknown
}

// curlOptions calls set for each option that means something, with the value if
// it has one, and for each URL as the option "url". Ignored ones become warnings.
func curlOptions(c command, w *warningList, set func(option, value string) error) error {
	args := c.args[1:]
	if len(args) > maxArguments {
		return fmt.Errorf("more than %d arguments", maxArguments)
	}
	where := fmt.Sprintf("line %d", c.line)
	// one handles an option; attached is the value that stands in the same word.
	one := func(typed, name, attached string, isAttached bool) error {
		kind := kindOfOption(name)
		if positive, ok := strings.CutPrefix(name, "no-"); ok && kind == optionUnknown {
			switch kindOfOption(positive) {
			case optionFlag, optionIgnored:
				kind = optionIgnored
			}
		}
		value := attached
		if kind == optionValue || kind == optionIgnoredValue {
			if !isAttached {
				if len(args) == 0 {
					return fmt.Errorf("the option %s lacks its value", typed)
				}
				value, args = args[0], args[1:]
			}
		}
		switch kind {
		case optionFlag, optionValue:
			return set(name, value)
		case optionIgnored, optionIgnoredValue:
			w.add(where, "the option %s is ignored", typed)
			return nil
		}
		return &FormatError{
			Line: c.line, Message: "unknown option " + strings.Trim(shown(typed), `"`),
			Advice: "leave the option out",
		}
	}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			for _, url := range args {
				if err := set("url", url); err != nil {
					return err
				}
			}
			return nil
		case strings.HasPrefix(arg, "--"):
			if err := one(arg, arg[2:], "", false); err != nil {
				return err
			}
		case len(arg) > 1 && arg[0] == '-':
			for i := 1; i < len(arg); i++ {
				if i > maxCombined {
					return fmt.Errorf("more than %d options in a word", maxCombined)
				}
				name := shortOptions[arg[i]]
				kind := kindOfOption(name)
				takesRest := (kind == optionValue || kind == optionIgnoredValue) && i+1 < len(arg)
				typed := "-" + strings.ToValidUTF8(arg[i:i+1], "?")
				if name == "no-buffer" || name == "sslv2" || name == "sslv3" {
					w.add(where, "the option %s is ignored", typed)
					continue
				}
				if err := one(typed, name, arg[i+1:], takesRest); err != nil {
					return err
				}
				if kind == optionValue || kind == optionIgnoredValue {
					break
				}
			}
		default:
			if err := set("url", arg); err != nil {
				return err
			}
		}
	}
	return nil
}
