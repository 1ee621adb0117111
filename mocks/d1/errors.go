package d1

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// The platform's texts for what SQLite does not say.
var (
	errNoStatement   = errors.New("No SQL statements detected.")                                                                           //nolint:revive,staticcheck // the platform's text
	errParams        = errors.New("Wrong number of parameter bindings for SQL query.")                                                     //nolint:revive,staticcheck // the platform's text
	errManyParams    = errors.New("When executing multiple SQL statements in a single call, only the last statement can have parameters.") //nolint:revive,staticcheck // the platform's text
	errTooLong       = errors.New("statement too long: SQLITE_TOOBIG")
	errTransactions  = errors.New(noTransactions) //nolint:staticcheck // the platform's text
	errResultTooLong = fmt.Errorf("the result is larger than %d MB: select fewer rows, or use LIMIT", maxResult>>20)
)

// sqlError is an error of SQLite with the platform's text.
type sqlError struct {
	cause error
	text  string
}

// Error implements error.
func (e *sqlError) Error() string { return e.text }

// Unwrap gives SQLite's own error.
func (e *sqlError) Unwrap() error { return e.cause }

// worded words an error of SQLite as the platform does: "near "SELEC": syntax
// error at offset 0: SQLITE_ERROR". sql is what was compiled, "" while running.
// Other errors stay as they are.
func worded(err error, sql string) error {
	if err == nil {
		return nil
	}
	var extended sqlite3.ExtendedErrorCode
	var primary sqlite3.ErrorCode
	switch e := err.(type) { //nolint:errorlint // SQLite's errors come unwrapped
	case *sqlite3.Error:
		extended, primary = e.ExtendedCode(), e.Code()
	case sqlite3.ExtendedErrorCode:
		extended, primary = e, e.Code()
	case sqlite3.ErrorCode:
		extended, primary = e.ExtendedCode(), e
	default:
		return err
	}
	general := extended.Error()
	text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), general), ": ")
	if text == "" {
		text = strings.TrimPrefix(general, "sqlite3: ")
	}
	var full *sqlite3.Error
	if errors.As(err, &full) && full.SQL() != "" {
		text += fmt.Sprintf(" at offset %d", len(sql)-len(full.SQL()))
	}
	text += ": " + primaryName(primary)
	if name := extendedName(extended); name != "" {
		text += " (extended: " + name + ")"
	}
	return &sqlError{cause: err, text: text}
}

// guestError is what the guest gets of an error: one of its class with the
// platform's prefix. A request that is over gets the plain error.
func guestError(prefix string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("Error: %s: %w", prefix, err) //nolint:revive,staticcheck // the platform's text
}

func primaryName(code sqlite3.ErrorCode) string {
	names := [...]string{
		"OK", "ERROR", "INTERNAL", "PERM", "ABORT", "BUSY", "LOCKED", "NOMEM", "READONLY", "INTERRUPT", "IOERR", "CORRUPT",
		"NOTFOUND", "FULL", "CANTOPEN", "PROTOCOL", "EMPTY", "SCHEMA", "TOOBIG", "CONSTRAINT", "MISMATCH", "MISUSE", "NOLFS",
		"AUTH", "FORMAT", "RANGE", "NOTADB", "NOTICE", "WARNING",
	}
	if int(code) < len(names) {
		return "SQLITE_" + names[code]
	}
	return fmt.Sprintf("SQLITE_%d", code)
}

// extendedName names the extended codes that a worker can bring about.
func extendedName(code sqlite3.ExtendedErrorCode) string {
	switch code {
	case sqlite3.CONSTRAINT_CHECK:
		return "SQLITE_CONSTRAINT_CHECK"
	case sqlite3.CONSTRAINT_FOREIGNKEY:
		return "SQLITE_CONSTRAINT_FOREIGNKEY"
	case sqlite3.CONSTRAINT_NOTNULL:
		return "SQLITE_CONSTRAINT_NOTNULL"
	case sqlite3.CONSTRAINT_PRIMARYKEY:
		return "SQLITE_CONSTRAINT_PRIMARYKEY"
	case sqlite3.CONSTRAINT_TRIGGER:
		return "SQLITE_CONSTRAINT_TRIGGER"
	case sqlite3.CONSTRAINT_UNIQUE:
		return "SQLITE_CONSTRAINT_UNIQUE"
	case sqlite3.CONSTRAINT_ROWID:
		return "SQLITE_CONSTRAINT_ROWID"
	case sqlite3.CONSTRAINT_DATATYPE:
		return "SQLITE_CONSTRAINT_DATATYPE"
	case sqlite3.CONSTRAINT_VTAB:
		return "SQLITE_CONSTRAINT_VTAB"
	case sqlite3.CONSTRAINT_FUNCTION:
		return "SQLITE_CONSTRAINT_FUNCTION"
	case sqlite3.ERROR_MISSING_COLLSEQ:
		return "SQLITE_ERROR_MISSING_COLLSEQ"
	case sqlite3.BUSY_SNAPSHOT:
		return "SQLITE_BUSY_SNAPSHOT"
	case sqlite3.IOERR_WRITE:
		return "SQLITE_IOERR_WRITE"
	case sqlite3.IOERR_FSYNC:
		return "SQLITE_IOERR_FSYNC"
	}
	return ""
}
