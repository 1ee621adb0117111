package d1

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"pymode-tui/mocks"
	"pymode-tui/runtime/hostcall"
)

// maxBatch bounds the statements of one batch.
const maxBatch = 10_000

// query is one statement of a call as it travels.
type query struct {
	SQL     string            `json:"sql"`
	Params  []json.RawMessage `json:"params"`
	Binding string            `json:"binding"`
}

// Ops implements [mocks.Part].
func (s *Store) Ops() map[string]mocks.Op {
	return map[string]mocks.Op{
		"d1.query": s.queryOp, "d1.batch": s.batchOp, "d1.exec": s.execOp, "d1.dump": s.dumpOp,
	}
}

// errorPrefix begins the text of what goes wrong with a query.
const errorPrefix = "D1_ERROR"

func (s *Store) queryOp(ctx context.Context, caller mocks.Caller, args, _ []byte) (result, data []byte, err error) {
	var call struct {
		query
		Method string `json:"method"`
	}
	if err := json.Unmarshal(args, &call); err != nil {
		return nil, nil, fmt.Errorf("the arguments of d1.query: %w", err)
	}
	record := hostcall.RecordOf(ctx)
	record.Binding = call.Binding
	switch call.Method {
	case "all", "run", "raw", "first":
		record.Op = "d1." + call.Method
	}
	results, err := s.runAll(ctx, caller, call.Binding, []query{call.query}, false)
	if err != nil {
		return nil, nil, guestError(errorPrefix, err)
	}
	return results[0], nil, nil
}

func (s *Store) batchOp(ctx context.Context, caller mocks.Caller, args, _ []byte) (result, data []byte, err error) {
	var call struct {
		Binding string  `json:"binding"`
		Queries []query `json:"queries"`
	}
	if err := json.Unmarshal(args, &call); err != nil {
		return nil, nil, fmt.Errorf("the arguments of d1.batch: %w", err)
	}
	results, err := s.runAll(ctx, caller, call.Binding, call.Queries, false)
	if err != nil {
		return nil, nil, guestError(errorPrefix, err)
	}
	return list(results), nil, nil
}

// execOp runs the lines of a text in one transaction. A line is a statement of
// its own, and it is the first line that an error names: both as the platform
// has it.
func (s *Store) execOp(ctx context.Context, caller mocks.Caller, args, _ []byte) (result, data []byte, err error) {
	var call struct {
		Binding string `json:"binding"`
		SQL     string `json:"sql"`
	}
	if err := json.Unmarshal(args, &call); err != nil {
		return nil, nil, fmt.Errorf("the arguments of d1.exec: %w", err)
	}
	started := time.Now()
	lines := strings.Split(strings.TrimSpace(call.SQL), "\n")
	queries := make([]query, len(lines))
	for i, line := range lines {
		queries[i].SQL = line
	}
	if _, err := s.runAll(ctx, caller, call.Binding, queries, false); err != nil {
		return nil, nil, guestError("D1_EXEC_ERROR: Error in line 1: "+lines[0], err)
	}
	result, err = json.Marshal(map[string]any{
		"count": len(lines), "duration": float64(time.Since(started).Microseconds()) / 1000,
	})
	return result, nil, err
}

// dumpOp answers as the platform does since it has no dumps any more.
func (s *Store) dumpOp(context.Context, mocks.Caller, []byte, []byte) (result, data []byte, err error) {
	return nil, nil, errors.New("Error: D1_DUMP_ERROR: Status + 404") //nolint:revive,staticcheck // the platform's text
}

// ABIExec runs one statement on the worker's first database, with parameters as
// a JSON list. The result is {"results": [objects], "success": true, "meta": {…}}.
func (s *Store) ABIExec(ctx context.Context, caller mocks.Caller, sql, params []byte) ([]byte, error) {
	q := query{SQL: string(sql)}
	if len(params) > 0 {
		if err := json.Unmarshal(params, &q.Params); err != nil {
			return nil, fmt.Errorf("the parameters: %w", err)
		}
	}
	results, err := s.runAll(ctx, caller, "", []query{q}, true)
	if err != nil {
		return nil, guestError(errorPrefix, err)
	}
	return results[0], nil
}

// ABIBatch runs statements, [{sql, params, binding}], in one transaction, so
// they have to be of one database. The result is a list of what ABIExec gives.
func (s *Store) ABIBatch(ctx context.Context, caller mocks.Caller, queries []byte) ([]byte, error) {
	var all []query
	if err := json.Unmarshal(queries, &all); err != nil {
		return nil, fmt.Errorf("the queries: %w", err)
	}
	binding := ""
	for i, q := range all {
		if i > 0 && q.Binding != binding {
			return nil, guestError(errorPrefix, errors.New("the statements of a batch are one transaction, which can't be of two databases"))
		}
		binding = q.Binding
	}
	results, err := s.runAll(ctx, caller, binding, all, true)
	if err != nil {
		return nil, guestError(errorPrefix, err)
	}
	return list(results), nil
}

// runAll runs queries in one transaction and encodes their results.
func (s *Store) runAll(ctx context.Context, caller mocks.Caller, binding string, queries []query, objects bool) (results [][]byte, err error) {
	record := hostcall.RecordOf(ctx)
	if binding != "" {
		record.Binding = binding
	}
	switch n := len(queries); {
	case n == 0:
		return nil, errNoStatement
	case n > maxBatch:
		return nil, fmt.Errorf("a batch has at most %d statements", maxBatch)
	}
	record.Detail = oneLine(queries[0].SQL)
	params := make([][]any, len(queries))
	for i, q := range queries {
		if params[i], err = decodeParams(q.Params); err != nil {
			return nil, err
		}
	}
	d, err := s.of(caller, binding)
	if err != nil {
		return nil, err
	}
	var rows, changes, total int64
	step := func() error {
		for i, q := range queries {
			out := jsonRows{objects: objects}
			meta, n, err := d.run(q.SQL, params[i], &out)
			if err != nil {
				return err
			}
			encoded, err := encode(&out, meta)
			if err != nil {
				return err
			}
			if total += int64(len(encoded)); total > maxResult {
				return errResultTooLong
			}
			results = append(results, encoded)
			rows, changes = rows+n, changes+meta.Changes
		}
		return nil
	}
	err = d.use(ctx, func() error {
		if len(queries) == 1 && isRead(queries[0].SQL) {
			return step()
		}
		return worded(d.transaction(step), "")
	})
	if err != nil {
		return nil, err
	}
	more := ""
	if len(queries) > 1 {
		more = fmt.Sprintf("  + %d more", len(queries)-1)
	}
	if changes > 0 {
		record.Detail += fmt.Sprintf("%s  %s", more, counted(changes, "change"))
	} else {
		record.Detail += fmt.Sprintf("%s  %s", more, counted(rows, "row"))
	}
	return results, nil
}

// isRead says that one statement needs no transaction around it: a SELECT, which
// is atomic anyway. Of several in one text the writes belong together.
func isRead(sql string) bool {
	sql = skipBlank(sql)
	return len(sql) > 6 && strings.EqualFold(sql[:6], "select") && !strings.Contains(sql, ";")
}

func counted(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// maxDetail is how much of the SQL a record shows, in bytes.
const maxDetail = 200

// oneLine makes SQL one line of at most maxDetail bytes.
func oneLine(sql string) string {
	if len(sql) > 4*maxDetail {
		sql = sql[:4*maxDetail]
	}
	sql = strings.Join(strings.Fields(sql), " ")
	if len(sql) <= maxDetail {
		return strings.ToValidUTF8(sql, "")
	}
	cut := maxDetail - len("…")
	for cut > 0 && !utf8.RuneStart(sql[cut]) {
		cut--
	}
	return strings.ToValidUTF8(sql[:cut], "") + "…"
}

// encode writes one query's result.
func encode(out *jsonRows, meta Meta) ([]byte, error) {
	m, err := json.Marshal(meta)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, len(out.rows)+len(m)+256)
	if out.objects {
		b = append(append(b, `{"results":[`...), out.rows...)
		b = append(b, `],"success":true,"meta":`...)
	} else {
		b = append(b, `{"columns":[`...)
		for i, name := range out.columns {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(b, name)
		}
		b = append(append(b, `],"rows":[`...), out.rows...)
		b = append(b, `],"blobs":`...)
		b = fmt.Appendf(b, "%t", out.blobs)
		b = append(b, `,"meta":`...)
	}
	return append(append(b, m...), '}'), nil
}

func list(items [][]byte) []byte {
	b := []byte{'['}
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, item...)
	}
	return append(b, ']')
}
