package traffic

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A host call tells the beginning of its SQL, which is what the list of calls
// compares. The whole of it and its parameters are in the recordings.

// statement is one that a recorded call has run.
type statement struct {
	call   string // "d1.all DB"
	op     string // "d1.all"
	sql    string
	params []json.RawMessage
}

// statements are those of a recording, in order; instances of pymode.parallel come
// after the request that has started them.
func (r *Recording) statements() []statement {
	var list []statement
	for _, r := range r.all() {
		for _, c := range r.Calls {
			list = append(list, c.statements()...)
		}
	}
	return list
}

// statements are those of one call; none where it is not of a database.
func (c *RecordedCall) statements() []statement {
	type query struct {
		SQL    string            `json:"sql"`
		Params []json.RawMessage `json:"params"`
	}
	var call struct {
		query
		Method  string  `json:"method"`
		Queries []query `json:"queries"`
	}
	op := strings.TrimSuffix(c.Op, " abi")
	switch c.Op {
	case "d1.query", "d1.exec", "d1.batch":
		if json.Unmarshal(c.Args, &call) != nil {
			return nil
		}
		if call.Method != "" {
			op = "d1." + call.Method
		}
	case opD1Exec:
		var args []string // SQL, and parameters as JSON
		if json.Unmarshal(c.Args, &args) != nil || len(args) != 2 {
			return nil
		}
		call.SQL = args[0]
		_ = json.Unmarshal([]byte(args[1]), &call.Params) // none where they are none
	case opD1Batch:
		if json.Unmarshal(c.Data, &call.Queries) != nil {
			return nil
		}
	default:
		return nil
	}
	if call.SQL != "" {
		call.Queries = append(call.Queries, call.query)
	}
	list := make([]statement, len(call.Queries))
	for n, q := range call.Queries {
		list[n] = statement{call: callText(op, c.Binding, ""), op: op, sql: q.SQL, params: q.Params}
	}
	return list
}

// compareSQL lists in what the statements of two recordings differ. Where one has
// none, or not all, there is nothing to say.
func compareSQL(want, got *Recording, rules *Rules) []Difference {
	if want.unfit() != "" || got.unfit() != "" {
		return nil
	}
	c := &comparison{rules: rules}
	before, now := want.statements(), got.statements()
	for n := range min(len(before), len(now)) {
		if b, a := before[n], now[n]; b.call == a.call && !matchesAny(rules.calls, a.op) {
			c.statement(fmt.Sprintf("%s, statement %d", a.call, n+1), b, a)
		}
	}
	return c.found
}

func (c *comparison) statement(place string, want, got statement) {
	if want.sql != got.sql {
		c.differ("SQL of "+place, want.sql, got.sql)
		return
	}
	if c.rules.ignores("params") {
		return
	}
	value := func(s statement, n int) string {
		if n >= len(s.params) {
			return ""
		}
		var b bytes.Buffer
		if json.Compact(&b, s.params[n]) != nil {
			return string(s.params[n])
		}
		return b.String()
	}
	for n := range max(len(want.params), len(got.params)) {
		if before, now := value(want, n), value(got, n); before != now {
			c.differ(fmt.Sprintf("parameter %d of %s", n+1, place), before, now)
		}
	}
}

// differ tells of two texts: whole, or from a little before they begin to differ,
// with the digests.
func (c *comparison) differ(path, want, got string) {
	const before, shown = 40, 160
	n := 0
	for n < len(want) && n < len(got) && want[n] == got[n] {
		n++
	}
	begin := max(n-before, 0)
	for begin > 0 && !utf8.RuneStart(want[begin]) {
		begin--
	}
	cut := func(s string) string {
		if len(s) <= before+shown {
			return s
		}
		part := strings.ToValidUTF8(s[begin:min(begin+shown, len(s))], "")
		return fmt.Sprintf("…%s… (%d bytes, sha256 %x)", strings.Join(strings.Fields(part), " "), len(s), sha256.Sum256([]byte(s)))
	}
	if max(len(want), len(got)) > before+shown {
		path += fmt.Sprintf(", at byte %d", n)
	}
	c.add(Difference{Aspect: aspectCalls, Path: path, Want: cut(want), Got: cut(got)})
}
