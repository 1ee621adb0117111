package d1

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/ncruces/go-sqlite3"
)

// decodeParams reads parameters as they travel: null, numbers, text, booleans,
// blobs as {"$blob": base64} or lists of numbers.
func decodeParams(params []json.RawMessage) ([]any, error) {
	values := make([]any, len(params))
	for i, p := range params {
		v, err := decodeParam(bytes.TrimSpace(p))
		if err != nil {
			return nil, fmt.Errorf("parameter %d: %w", i+1, err)
		}
		values[i] = v
	}
	return values, nil
}

func decodeParam(p []byte) (any, error) {
	if len(p) == 0 {
		return nil, nil
	}
	switch p[0] {
	case 'n':
		return nil, nil
	case 't', 'f':
		// A boolean is an integer, a number is a REAL: what a JavaScript number
		// is, also without a fraction.
		return p[0] == 't', nil
	case '"':
		var s string
		err := json.Unmarshal(p, &s)
		return s, err
	case '{':
		var blob struct {
			Blob *[]byte `json:"$blob"`
		}
		if err := json.Unmarshal(p, &blob); err != nil {
			return nil, err
		}
		if blob.Blob == nil {
			return nil, errors.New("an object is no value")
		}
		return *blob.Blob, nil
	case '[':
		var list []float64
		if err := json.Unmarshal(p, &list); err != nil {
			return nil, err
		}
		blob := make([]byte, len(list))
		for i, n := range list {
			if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
				blob[i] = byte(int64(n)) // modulo 256, as in a Uint8Array
			}
		}
		return blob, nil
	}
	f, err := strconv.ParseFloat(string(p), 64)
	if err != nil && math.IsInf(f, 0) {
		return nil, nil // what JSON makes of infinity
	}
	return f, err
}

// bind sets a statement's parameters.
func bind(stmt *sqlite3.Stmt, params []any) error {
	for i, p := range params {
		var err error
		switch v := p.(type) {
		case nil:
			err = stmt.BindNull(i + 1)
		case bool:
			err = stmt.BindBool(i+1, v)
		case float64:
			err = stmt.BindFloat(i+1, v)
		case int:
			err = stmt.BindInt(i+1, v)
		case int64:
			err = stmt.BindInt64(i+1, v)
		case string:
			err = stmt.BindText(i+1, v)
		case []byte:
			if v == nil {
				v = []byte{}
			}
			err = stmt.BindBlob(i+1, v)
		default:
			err = fmt.Errorf("parameter %d is a %T, which is no value of SQLite's", i+1, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// jsonRows writes rows as JSON lists. With objects, rows are objects, and blobs
// lists of numbers, as the platform's own API has them.
type jsonRows struct {
	columns []string
	rows    []byte
	blobs   bool
	objects bool
	names   [][]byte // as JSON
}

func (r *jsonRows) begin(columns []string) {
	*r = jsonRows{columns: columns, objects: r.objects, rows: r.rows[:0]}
	if r.objects {
		for _, name := range columns {
			r.names = append(r.names, appendText(nil, name))
		}
	}
}

func (r *jsonRows) row(stmt *sqlite3.Stmt, columns int) error {
	b := r.rows
	if len(b) > 0 {
		b = append(b, ',')
	}
	opening, closing := byte('['), byte(']')
	if r.objects {
		opening, closing = '{', '}'
	}
	b = append(b, opening)
	for i := range columns {
		if i > 0 {
			b = append(b, ',')
		}
		if r.objects {
			b = append(append(b, r.names[i]...), ':')
		}
		switch stmt.ColumnType(i) {
		case sqlite3.INTEGER:
			b = appendNumber(b, float64(stmt.ColumnInt64(i)))
		case sqlite3.FLOAT:
			b = appendNumber(b, stmt.ColumnFloat(i))
		case sqlite3.TEXT:
			b = appendText(b, stmt.ColumnText(i))
		case sqlite3.BLOB:
			r.blobs = true
			b = r.appendBlob(b, stmt.ColumnRawBlob(i))
		default:
			b = append(b, "null"...)
		}
	}
	r.rows = append(b, closing)
	if len(r.rows) > maxResult {
		return errResultTooLong
	}
	return nil
}

func (r *jsonRows) appendBlob(b, blob []byte) []byte {
	if !r.objects {
		b = append(b, `{"$blob":"`...)
		b = base64.StdEncoding.AppendEncode(b, blob)
		return append(b, `"}`...)
	}
	b = append(b, '[')
	for i, c := range blob {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(c), 10)
	}
	return append(b, ']')
}

// appendNumber writes a number as JavaScript does: a whole one without a
// fraction, infinity as null, and integers beyond 2^53 rounded.
func appendNumber(b []byte, f float64) []byte {
	switch abs := math.Abs(f); {
	case math.IsInf(f, 0) || math.IsNaN(f):
		return append(b, "null"...)
	case f == 0:
		return append(b, '0')
	case abs >= 1e21 || abs < 1e-6:
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	default:
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
}

// appendText writes a JSON string.
func appendText(b []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			plain = false
			break
		}
	}
	if plain {
		return append(append(append(b, '"'), s...), '"')
	}
	text, err := json.Marshal(s)
	if err != nil { // can't be: a string has a JSON form
		return append(b, `""`...)
	}
	return append(b, text...)
}
