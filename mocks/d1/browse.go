package d1

import (
	"context"
	"fmt"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// Table is a table of a database and how many rows it has.
type Table struct {
	Name string
	Rows int64
}

// Tables lists a database's tables by name, SQLite's own not among them.
func (s *Store) Tables(ctx context.Context, db string) ([]Table, error) {
	d, err := s.database(db)
	if err != nil {
		return nil, err
	}
	var tables []Table
	err = d.use(ctx, func() error {
		var names rowsOf
		const sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
		if _, _, err := d.run(sql, nil, &names); err != nil {
			return err
		}
		for _, row := range names.rows {
			name, _ := row[0].(string)
			var count rowsOf
			if _, _, err := d.run("SELECT count(*) FROM "+sqlite3.QuoteIdentifier(name), nil, &count); err != nil {
				return err
			}
			n, _ := count.rows[0][0].(int64)
			tables = append(tables, Table{Name: name, Rows: n})
		}
		return nil
	})
	return tables, err
}

// Query runs the statements of one text in a transaction, under the rules that
// guests have, and gives the last one's rows: nil, int64, float64, string or
// []byte.
func (s *Store) Query(ctx context.Context, db, sql string, params ...any) (columns []string, rows [][]any, meta Meta, err error) {
	d, err := s.database(db)
	if err != nil {
		return nil, nil, Meta{}, err
	}
	var out rowsOf
	err = d.use(ctx, func() error {
		return d.transaction(func() (err error) {
			meta, _, err = d.run(sql, params, &out)
			return err
		})
	})
	if err != nil {
		return nil, nil, Meta{}, worded(err, "")
	}
	return out.columns, out.rows, meta, nil
}

// rowsOf keeps rows as Go values.
type rowsOf struct {
	columns []string
	rows    [][]any
	bytes   int
}

func (r *rowsOf) begin(columns []string) { *r = rowsOf{columns: columns} }

func (r *rowsOf) row(stmt *sqlite3.Stmt, columns int) error {
	row := make([]any, columns)
	r.bytes += 16 * columns
	for i := range row {
		switch stmt.ColumnType(i) {
		case sqlite3.INTEGER:
			row[i] = stmt.ColumnInt64(i)
		case sqlite3.FLOAT:
			row[i] = stmt.ColumnFloat(i)
		case sqlite3.TEXT:
			text := stmt.ColumnText(i)
			row[i], r.bytes = text, r.bytes+len(text)
		case sqlite3.BLOB:
			blob := stmt.ColumnBlob(i, []byte{})
			row[i], r.bytes = blob, r.bytes+len(blob)
		}
	}
	if r.bytes > maxResult {
		return errResultTooLong
	}
	r.rows = append(r.rows, row)
	return nil
}

// String shows a table as the console lists it.
func (t Table) String() string {
	return fmt.Sprintf("%s  %s", strings.ToValidUTF8(t.Name, "?"), counted(t.Rows, "row"))
}
