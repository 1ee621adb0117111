package traffic

import (
	"fmt"
	"regexp"
	"strings"
)

// Rules say what of two answers to the same request may differ.
type Rules struct {
	// CPU is how many times as much CPU time as before is no difference,
	// DefaultCPU where 0; below 20 ms more there never is one.
	CPU float64
	// Memory is the same for the largest memory, DefaultMemory where 0; below
	// 4 MB more there never is one.
	Memory float64

	headers []string   // patterns, lower case
	calls   []string   // patterns of ops
	logs    []string   // patterns of texts
	body    [][]string // paths, in elements
	whole   map[string]bool

	durations *regexp.Regexp // in what a host call tells of itself
}

// What an answer may cost, as a multiple of what it has cost.
const (
	DefaultCPU    = 4
	DefaultMemory = 1.5
)

// volatileHeaders differ from answer to answer by their nature.
const volatileHeaders = "age cf-ray content-length date expires request-id server server-timing " +
	"traceparent tracestate x-amzn-trace-id x-correlation-id x-request-id x-response-time x-runtime x-trace-id"

// ParseRules reads what a project's config ignores, an aspect each:
//
//	status  headers  body  logs  calls  cpu  memory  error
//	params               of SQL, which is compared all the same
//	header:x-build-*     headers, by name
//	body:items[*].id     a place in a JSON body; * is any key, [*] any index, ** any number of both
//	log:took *           log lines, by text
//	call:http.*          host calls, by op
//
// A star stands for any text, a question mark for a character.
func ParseRules(ignore []string) (*Rules, error) {
	r := &Rules{
		whole: map[string]bool{}, headers: strings.Fields(volatileHeaders),
		durations: regexp.MustCompile(`\b[0-9]+(\.[0-9]+)? ?(ns|µs|ms|s)\b`),
	}
	for _, rule := range ignore {
		aspect, pattern, isPattern := strings.Cut(rule, ":")
		if !isPattern {
			switch aspect {
			case aspectStatus, "headers", aspectBody, aspectLogs, aspectCalls, "params", aspectCPU, aspectMemory, aspectError:
				r.whole[aspect] = true
				continue
			}
			return nil, fmt.Errorf("ignore %q: want status, headers, body, logs, calls, params, cpu, memory, error, or header:NAME, body:PATH, log:TEXT, call:OP", rule)
		}
		pattern = strings.TrimSpace(pattern)
		if pattern == "" {
			return nil, fmt.Errorf("ignore %q: there is nothing after the colon", rule)
		}
		switch aspect {
		case aspectHeader:
			r.headers = append(r.headers, strings.ToLower(pattern))
		case "call":
			r.calls = append(r.calls, pattern)
		case "log":
			r.logs = append(r.logs, pattern)
		case aspectBody:
			r.body = append(r.body, pathElements(pattern))
		default:
			return nil, fmt.Errorf("ignore %q: %q is none of header, body, log, call", rule, aspect)
		}
	}
	return r, nil
}

// pathElements cuts a path: "items[2].id" is items, [2], id.
func pathElements(p string) []string {
	var elements []string
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			elements = append(elements, b.String())
			b.Reset()
		}
	}
	for _, c := range p {
		switch c {
		case '.':
			flush()
		case '[':
			flush()
			b.WriteRune(c)
		case ']':
			b.WriteRune(c)
			flush()
		default:
			b.WriteRune(c)
		}
	}
	flush()
	return elements
}

// ignores reports whether all of an aspect is ignored.
func (r *Rules) ignores(aspect string) bool { return r.whole[aspect] }

func (r *Rules) ignoresHeader(name string) bool {
	return matchesAny(r.headers, strings.ToLower(name))
}

func (r *Rules) ignoresBody(elements []string) bool {
	for _, pattern := range r.body {
		if matchPath(pattern, elements) {
			return true
		}
	}
	return false
}

// matchPath matches elements one by one; ** is any number of them.
func matchPath(pattern, elements []string) bool {
	if len(pattern) == 0 {
		return len(elements) == 0
	}
	if pattern[0] == "**" {
		for n := range len(elements) + 1 {
			if matchPath(pattern[1:], elements[n:]) {
				return true
			}
		}
		return false
	}
	if len(elements) == 0 {
		return false
	}
	isIndex := strings.HasPrefix(elements[0], "[")
	matches := pattern[0] == elements[0] || pattern[0] == "[*]" && isIndex || !isIndex && matchText(pattern[0], elements[0])
	return matches && matchPath(pattern[1:], elements[1:])
}

func matchesAny(patterns []string, text string) bool {
	for _, p := range patterns {
		if matchText(p, text) {
			return true
		}
	}
	return false
}

// matchText matches a text as a whole, in linear time for a star at a time.
func matchText(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
