package d1

import (
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// maxResult bounds a call's rows, in bytes of JSON.
const maxResult = 100 << 20

// Meta is what is told of a call besides its rows.
type Meta struct {
	ServedBy        string  `json:"served_by"`
	Duration        float64 `json:"duration"` // ms
	Changes         int64   `json:"changes"`
	LastRowID       int64   `json:"last_row_id"`
	ChangedDB       bool    `json:"changed_db"`
	SizeAfter       int64   `json:"size_after"` // bytes
	RowsRead        int64   `json:"rows_read"`
	RowsWritten     int64   `json:"rows_written"`
	ServedByPrimary bool    `json:"served_by_primary"`
	TotalAttempts   int     `json:"total_attempts"`
	Timings         Timings `json:"timings"`
}

// Timings are a call's times.
type Timings struct {
	SQL float64 `json:"sql_duration_ms"`
}

// sink takes the rows of a statement. A statement that is not its call's last
// one is followed by another begin.
type sink interface {
	begin(columns []string)
	row(stmt *sqlite3.Stmt, columns int) error
}

// run runs the statements of one call; params belong to the last.
func (d *database) run(sql string, params []any, out sink) (meta Meta, rows int64, err error) {
	started := time.Now()
	meta = Meta{ServedBy: "miniflare.db", ServedByPrimary: true, TotalAttempts: 1}
	before, size := d.conn.TotalChanges(), d.size
	if len(sql) > d.conn.Limit(sqlite3.LIMIT_SQL_LENGTH, -1) {
		return meta, 0, errTooLong
	}
	rest := skipBlank(sql)
	if rest == "" {
		return meta, 0, errNoStatement
	}
	for rest != "" {
		if rows, rest, err = d.statement(rest, params, out, &meta); err != nil {
			return meta, 0, err
		}
	}
	meta.Changes = d.conn.TotalChanges() - before
	meta.LastRowID = d.conn.LastInsertRowID()
	meta.SizeAfter = d.size
	meta.ChangedDB = meta.Changes != 0 || size != d.size
	meta.Duration = float64(time.Since(started).Microseconds()) / 1000
	meta.Timings.SQL = meta.Duration
	return meta, rows, nil
}

// statement runs the first statement of sql and returns what follows it.
func (d *database) statement(sql string, params []any, out sink, meta *Meta) (rows int64, rest string, err error) {
	defer d.guard.reset()
	clear(d.written.rows)
	stmt, rest, err := d.conn.Prepare(sql)
	if err != nil {
		if d.guard.transaction {
			return 0, "", errTransactions
		}
		return 0, "", worded(err, sql)
	}
	if stmt == nil {
		return 0, "", nil
	}
	defer func() { _ = stmt.Close() }() // repeats the statement's error
	if len(sql)-len(rest) > maxSQL {
		return 0, "", errTooLong
	}
	rest = skipBlank(rest)
	switch count := stmt.BindCount(); {
	case rest != "" && count > 0:
		return 0, "", errManyParams
	case rest == "" && count != len(params):
		return 0, "", errParams
	case rest == "":
		if err := bind(stmt, params); err != nil {
			return 0, "", worded(err, sql)
		}
	}
	count := stmt.ColumnCount()
	columns := make([]string, count)
	for i := range columns {
		columns[i] = stmt.ColumnName(i)
	}
	out.begin(columns)
	for stmt.Step() {
		rows++
		if err := out.row(stmt, count); err != nil {
			return 0, "", err
		}
	}
	if err := stmt.Err(); err != nil {
		return 0, "", worded(err, "")
	}
	// SQLite counts the steps of full scans, the first row of a scan not among
	// them; of rows found by an index those are known that came out.
	if scanned := stmt.Status(sqlite3.STMTSTATUS_FULLSCAN_STEP, true); scanned > 0 {
		meta.RowsRead += max(int64(scanned)+1, rows)
	} else {
		meta.RowsRead += rows
	}
	if stmt.ReadOnly() {
		return rows, rest, nil
	}
	written, err := d.takeWritten()
	if err != nil {
		return 0, "", worded(err, "")
	}
	meta.RowsWritten += written
	return rows, rest, worded(d.measure(), "")
}

// skipBlank cuts white space, comments and semicolons off the beginning of SQL.
func skipBlank(sql string) string {
	for {
		sql = strings.TrimLeft(sql, " \t\r\n\f;\ufeff")
		switch {
		case strings.HasPrefix(sql, "--"):
			i := strings.IndexByte(sql, '\n')
			if i < 0 {
				return ""
			}
			sql = sql[i+1:]
		case strings.HasPrefix(sql, "/*"):
			i := strings.Index(sql[2:], "*/")
			if i < 0 {
				return ""
			}
			sql = sql[i+4:]
		default:
			return sql
		}
	}
}
