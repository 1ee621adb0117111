package d1

import (
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// noTransactions is what the platform says of BEGIN and SAVEPOINT.
const noTransactions = "To execute a transaction, please use the state.storage.transaction() or state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT statements. The JavaScript API is safer because it will automatically roll back on exceptions, and because it interacts correctly with Durable Objects' automatic atomic write coalescing."

// guard is what says which statements a guest may run.
type guard struct {
	trusted     bool // the statement is the store's own
	transaction bool // a BEGIN, COMMIT or SAVEPOINT was refused
	schema      int  // tables, indexes, views and triggers made or dropped
	updated     map[string][]string
}

// reset forgets what was seen of the last statement.
func (g *guard) reset() { *g = guard{trusted: g.trusted} }

// authorize is SQLite's callback, called while a statement is compiled.
func (g *guard) authorize(action sqlite3.AuthorizerActionCode, name, second, _, _ string) sqlite3.AuthorizerReturnCode {
	if g.trusted {
		return sqlite3.AUTH_OK
	}
	switch action {
	case sqlite3.AUTH_ATTACH, sqlite3.AUTH_DETACH:
		return sqlite3.AUTH_DENY
	case sqlite3.AUTH_TRANSACTION, sqlite3.AUTH_SAVEPOINT:
		g.transaction = true
		return sqlite3.AUTH_DENY
	case sqlite3.AUTH_PRAGMA:
		return pragma(strings.ToLower(name))
	case sqlite3.AUTH_FUNCTION:
		if slices.Contains(refusedFunctions(), strings.ToLower(second)) {
			return sqlite3.AUTH_DENY
		}
	case sqlite3.AUTH_CREATE_VTABLE:
		if m := strings.ToLower(second); m != "fts5" && m != "fts5vocab" {
			return sqlite3.AUTH_DENY
		}
		g.schema++
	case sqlite3.AUTH_CREATE_INDEX, sqlite3.AUTH_CREATE_TABLE, sqlite3.AUTH_CREATE_TRIGGER, sqlite3.AUTH_CREATE_VIEW,
		sqlite3.AUTH_DROP_INDEX, sqlite3.AUTH_DROP_TABLE, sqlite3.AUTH_DROP_TRIGGER, sqlite3.AUTH_DROP_VIEW,
		sqlite3.AUTH_DROP_VTABLE, sqlite3.AUTH_ALTER_TABLE:
		g.schema++
	case sqlite3.AUTH_UPDATE:
		if g.updated == nil {
			g.updated = map[string][]string{}
		}
		g.updated[name] = append(g.updated[name], second)
	}
	return sqlite3.AUTH_OK
}

// pragma admits the pragmas that D1's documentation names.
func pragma(name string) sqlite3.AuthorizerReturnCode {
	switch name {
	case "table_info", "table_list", "table_xinfo", "defer_foreign_keys", "foreign_key_check", "foreign_key_list",
		"index_info", "index_list", "index_xinfo", "quick_check", "case_sensitive_like", "ignore_check_constraints",
		"legacy_alter_table", "recursive_triggers", "reverse_unordered_selects", "optimize":
		return sqlite3.AUTH_OK
	case "foreign_keys":
		// The platform runs everything in a transaction, where SQLite takes no
		// notice of this one. Migrations made by other tools begin with it.
		return sqlite3.AUTH_IGNORE
	}
	return sqlite3.AUTH_DENY
}

// refusedFunctions are those that tell of the build, or reach out of it.
func refusedFunctions() []string {
	return []string{
		"sqlite_version", "sqlite_source_id", "sqlite_log", "sqlite_offset", "sqlite_compileoption_get",
		"sqlite_compileoption_used", "load_extension", "fts3_tokenizer", "fts5",
	}
}

// setLimits sets the platform's documented limits. Text, blobs and rows are
// documented with 2 MB; the simulator takes somewhat more, and so does this.
func setLimits(conn *sqlite3.Conn) {
	for _, l := range []struct {
		category sqlite3.LimitCategory
		value    int
	}{
		{sqlite3.LIMIT_LENGTH, 2_200_000},
		{sqlite3.LIMIT_SQL_LENGTH, maxSQL},
		{sqlite3.LIMIT_COLUMN, 100},
		{sqlite3.LIMIT_EXPR_DEPTH, 100},
		{sqlite3.LIMIT_COMPOUND_SELECT, 5},
		{sqlite3.LIMIT_FUNCTION_ARG, 32},
		{sqlite3.LIMIT_ATTACHED, 0},
		{sqlite3.LIMIT_LIKE_PATTERN_LENGTH, 50},
		{sqlite3.LIMIT_VARIABLE_NUMBER, 100},
		{sqlite3.LIMIT_TRIGGER_DEPTH, 10},
	} {
		conn.Limit(l.category, l.value)
	}
}

// maxSQL is the length of a statement in bytes.
const maxSQL = 100_000
