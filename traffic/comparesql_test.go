package traffic

import (
	"fmt"
	"strings"
	"testing"
)

// queried is a recording of one statement by each way there is.
func queried(sql, params string) *Recording {
	long := encodeArgs(map[string]string{"binding": "DB", "sql": sql})
	query := fmt.Appendf(nil, `{"binding":"DB","sql":%q,"params":%s,"method":"all"}`, sql, params)
	list := fmt.Appendf(nil, `[{"sql":%q,"params":%s}]`, sql, params)
	return &Recording{Calls: []RecordedCall{
		{Op: "kv.get", Binding: "KV", Args: []byte(`{"key":"a","sql":"no"}`)},
		{Op: "d1.query", Binding: "DB", Args: query},
		{Op: "d1.exec", Binding: "DB", Args: long},
		{Op: "d1.batch", Binding: "DB", Args: fmt.Appendf(nil, `{"binding":"DB","queries":%s}`, list)},
		{Op: opD1Exec, Args: encodeArgs([]string{sql, params})},
		{Op: opD1Batch, Data: list},
	}}
}

func TestCompareSQL(t *testing.T) {
	long := "SELECT * FROM items WHERE id IN (" + strings.Repeat("7, ", 200) + "7)"
	for _, c := range []struct {
		name      string
		want, got *Recording
		ignore    []string
		told      []string
	}{
		{"the same", queried(long, `[1, "a"]`), queried(long, `[1,"a"]`), nil, nil},
		{"SQL", queried("SELECT 1", "[]"), queried("SELECT 2", "[]"), nil, []string{
			"calls SQL of d1.all DB, statement 1: SELECT 2, want SELECT 1",
			"calls SQL of d1.exec DB, statement 2: SELECT 2, want SELECT 1",
			"calls SQL of d1.batch DB, statement 3: SELECT 2, want SELECT 1",
			"calls SQL of d1.exec, statement 4: SELECT 2, want SELECT 1",
			"calls SQL of d1.batch, statement 5: SELECT 2, want SELECT 1",
		}},
		{"beyond what is told", queried(long+" AND a", "[]"), queried(long+" AND b", "[]"), []string{"call:d1.exec", "call:d1.batch"}, []string{
			"calls SQL of d1.all DB, statement 1, at byte 640: …7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7) AND b… (641 bytes, sha256 ",
		}},
		{"parameters", queried("SELECT ?", `["a",1]`), queried("SELECT ?", `["a",2,null]`), []string{"call:d1.exec", "call:d1.batch"}, []string{
			"calls parameter 2 of d1.all DB, statement 1: 2, want 1",
			"calls parameter 3 of d1.all DB, statement 1: null, want nothing",
		}},
		{"parameters ignored", queried("SELECT ?", `["a"]`), queried("SELECT ?", `["b"]`), []string{"params"}, nil},
		{"calls ignored", queried("SELECT 1", "[]"), queried("SELECT 2", "[]"), []string{"calls"}, nil},
		{"no recording", nil, queried("SELECT 2", "[]"), nil, nil},
		{"an incomplete one", queried("SELECT 1", "[]"), &Recording{Incomplete: "too long"}, nil, nil},
		{"damaged arguments", queried("SELECT 1", "[]"), &Recording{Calls: []RecordedCall{{Op: "d1.query", Args: []byte("{")}, {Op: opD1Exec, Args: []byte("[]")}, {Op: opD1Batch}}}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			differences := compareSQL(c.want, c.got, rules(t, c.ignore...))
			if len(differences) != len(c.told) {
				t.Fatalf("told\n%s", told(differences))
			}
			for n, d := range differences {
				if !strings.HasPrefix(d.String(), c.told[n]) {
					t.Errorf("told %s\nwant %s", d, c.told[n])
				}
			}
		})
	}
}
