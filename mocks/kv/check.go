package kv

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of the platform; sizes in bytes, times in seconds.
const (
	maxKey      = 512
	maxValue    = 25 << 20
	maxMetadata = 1024
	minTTL      = 60
	minCacheTTL = 30
	maxList     = 1000
	maxBulk     = 100
	// maxPutMulti is ours: the platform has no bulk write for workers.
	maxPutMulti = 10_000
)

// The platform's operations, as its errors name them.
const (
	verbGet    = "GET"
	verbBulk   = "GET_BULK"
	verbPut    = "PUT"
	verbDelete = "DELETE"
)

// refusal is an error as the platform's KV words it.
func refusal(verb string, status int, format string, args ...any) error {
	return fmt.Errorf("Error: KV %s failed: %d %s", verb, status, fmt.Sprintf(format, args...)) //nolint:staticcheck,revive // the platform's text
}

// failure is an error of the store itself.
func failure(verb string, err error) error { return refusal(verb, 500, "%v", err) }

func typeError(format string, args ...any) error {
	return fmt.Errorf("TypeError: "+format, args...) //nolint:staticcheck,revive // the platform's text
}

func checkKey(verb, key string) error {
	switch key {
	case "":
		return typeError("Key name cannot be empty.")
	case ".", "..":
		return typeError("%q is not allowed as a key name.", key)
	}
	return checkLength(verb, key)
}

func checkLength(verb, key string) error {
	if len(key) > maxKey {
		return refusal(verb, 414, "UTF-8 encoded length of %d exceeds key length limit of %d.", len(key), maxKey)
	}
	return nil
}

// number is an option as a worker gave it: nil, a JSON number, or text.
type number = any

// integer reads a number as the platform does: fractions are cut off, what is
// no number is 0.
func integer(n number) int64 {
	switch n := n.(type) {
	case float64:
		return int64(min(max(n, -1<<53), 1<<53))
	case string:
		var f float64
		if _, err := fmt.Sscan(strings.TrimSpace(n), &f); err != nil {
			return 0
		}
		return integer(f)
	case bool:
		if n {
			return 1
		}
	}
	return 0
}

// expiration is when an entry expires, in seconds since 1970; 0 for never.
func expiration(at, ttl number, now time.Time) (int64, error) {
	if ttl != nil {
		seconds := integer(ttl)
		switch {
		case seconds <= 0:
			return 0, refusal(verbPut, 400, "Invalid expiration_ttl of %d. Please specify integer greater than 0.", seconds)
		case seconds < minTTL:
			return 0, refusal(verbPut, 400, "Invalid expiration_ttl of %d. Expiration TTL must be at least %d.", seconds, minTTL)
		}
		return now.Unix() + seconds, nil
	}
	if at == nil {
		return 0, nil
	}
	seconds := integer(at)
	switch {
	case seconds <= now.Unix():
		return 0, refusal(verbPut, 400, "Invalid expiration of %d. Please specify integer greater than the current number of seconds since the UNIX epoch.", seconds)
	case seconds < now.Unix()+minTTL:
		return 0, refusal(verbPut, 400, "Invalid expiration of %d. Expiration times must be at least %d seconds in the future.", seconds, minTTL)
	}
	return seconds, nil
}

func checkEntry(value []byte, metadata string) error {
	if len(value) > maxValue {
		return refusal(verbPut, 413, "Value length of %d exceeds limit of %d.", len(value), maxValue)
	}
	if len(metadata) > maxMetadata {
		return refusal(verbPut, 413, "Metadata length of %d exceeds limit of %d.", len(metadata), maxMetadata)
	}
	return nil
}

func checkCacheTTL(verb string, ttl number) error {
	if ttl == nil {
		return nil
	}
	if seconds := integer(ttl); seconds < minCacheTTL {
		return refusal(verb, 400, "Invalid cache_ttl of %d. Cache TTL must be at least %d.", seconds, minCacheTTL)
	}
	return nil
}

// listLimit is how many keys a list may have. A limit of 0 or less counts as
// none, as with the platform.
func listLimit(limit number) (int, error) {
	n := integer(limit)
	switch {
	case n <= 0:
		return maxList, nil
	case n > maxList:
		return 0, refusal(verbGet, 400, "Invalid key_count_limit of %d. Please specify an integer less than %d.", n, maxList)
	}
	return int(n), nil
}

// A cursor is the last key of the page before, in base64.

func cursorAfter(key string) string { return base64.StdEncoding.EncodeToString([]byte(key)) }

// afterCursor reads a cursor. What is none comes after all keys: no error, but
// an empty page, as with the platform.
func afterCursor(cursor string) (key string, ok bool) {
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(cursor, "="))
	return string(b), err == nil && utf8.Valid(b)
}
