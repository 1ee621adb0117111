package d1

import (
	"slices"

	"github.com/ncruces/go-sqlite3"
)

// written counts rows written as the platform bills them: a row and each of its
// index entries, and one of sqlite_sequence where a table has AUTOINCREMENT.
//
// SQLite has no counter for it. The preupdate hook tells of each row changed; an
// insert or a delete counts one and one for each index of the table, an update
// one and one for each index with a column that the statement sets. A statement
// that makes or drops something counts one for each such thing.
type written struct {
	rows   map[change]int64
	tables map[string]table // cached until the schema changes
}

type change struct {
	table string
	op    sqlite3.AuthorizerActionCode
}

// table is what has to be known of a table to count.
type table struct {
	indexes       [][]string // columns; "" is an expression
	autoincrement bool
}

// update is SQLite's preupdate hook.
func (w *written) update(data sqlite3.PreUpdateData) {
	if w.rows == nil {
		w.rows = map[change]int64{}
	}
	w.rows[change{data.Table, data.Op}]++
}

// take sums up what was written since the last time.
func (d *database) takeWritten() (rows int64, err error) {
	if d.guard.schema > 0 {
		d.written.tables = nil
		rows += int64(d.guard.schema)
	}
	sequences := map[string]bool{}
	for c, n := range d.written.rows {
		t, err := d.table(c.table)
		if err != nil {
			return 0, err
		}
		each := int64(1 + len(t.indexes))
		if c.op == sqlite3.AUTH_UPDATE {
			each = 1
			for _, columns := range t.indexes {
				if slices.ContainsFunc(columns, func(name string) bool {
					return name == "" || slices.Contains(d.guard.updated[c.table], name)
				}) {
					each++
				}
			}
		}
		rows += n * each
		if c.op == sqlite3.AUTH_INSERT && t.autoincrement && !sequences[c.table] {
			sequences[c.table] = true
			rows++
		}
	}
	clear(d.written.rows)
	return rows, nil
}

// table looks up a table's indexes.
func (d *database) table(name string) (table, error) {
	if t, ok := d.written.tables[name]; ok {
		return t, nil
	}
	d.guard.trusted = true
	defer func() { d.guard.trusted = false }()
	var t table
	stmt, _, err := d.conn.Prepare(`SELECT l.name, coalesce(i.name, '') FROM pragma_index_list(?1) AS l, pragma_index_info(l.name) AS i
		UNION ALL SELECT NULL, sql LIKE '%autoincrement%' FROM sqlite_schema WHERE type = 'table' AND name = ?1`)
	if err != nil {
		return t, err
	}
	defer func() { _ = stmt.Close() }() // repeats the statement's error
	if err := stmt.BindText(1, name); err != nil {
		return t, err
	}
	last := ""
	for stmt.Step() {
		if stmt.ColumnType(0) == sqlite3.NULL {
			t.autoincrement = stmt.ColumnBool(1)
			continue
		}
		if index := stmt.ColumnText(0); len(t.indexes) == 0 || index != last {
			last = index
			t.indexes = append(t.indexes, nil)
		}
		i := len(t.indexes) - 1
		t.indexes[i] = append(t.indexes[i], stmt.ColumnText(1))
	}
	if d.written.tables == nil {
		d.written.tables = map[string]table{}
	}
	d.written.tables[name] = t
	return t, stmt.Err()
}
