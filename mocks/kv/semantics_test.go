package kv_test

import (
	"strings"
	"testing"
	"time"

	"pymode-tui/mocks"
	"pymode-tui/mocks/kv"
	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"

	"github.com/alicebob/miniredis/v2"
)

// now is what the clock of stores shows in tests: 2030-01-01.
var now = time.Unix(1893456000, 0)

// evaluate returns a function that runs Python in the guest, where env.KV is a
// namespace of the store.
func evaluate(tb testing.TB, store *kv.Store) func(string) string {
	tb.Helper()
	return runtimetest.Evaluator(tb, func(c *runtime.Config) {
		c.Env = map[string]runtime.Binding{"KV": {Kind: "kv"}}
		c.Bindings = mocks.New(nil, store)
	})
}

func open(tb testing.TB, config kv.Config) *kv.Store {
	tb.Helper()
	if config.Dir == "" {
		config.Dir = tb.TempDir()
	}
	if config.Now == nil {
		config.Now = func() time.Time { return now }
	}
	store, err := kv.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = store.Close() })
	return store
}

// TestSemantics holds KV against the platform's documents, a row for each of theirs.
func TestSemantics(t *testing.T) {
	run := evaluate(t, open(t, kv.Config{}))
	for _, tt := range []struct{ name, code, want string }{
		{"empty key, put", `env.KV.put("", "v")`, "TypeError: Key name cannot be empty."},
		{"empty key, get", `env.KV.get("")`, "TypeError: Key name cannot be empty."},
		{"empty key, delete", `env.KV.delete("")`, "TypeError: Key name cannot be empty."},
		{"key .", `env.KV.put(".", "v")`, `TypeError: "." is not allowed as a key name.`},
		{"key ..", `env.KV.get("..")`, `TypeError: ".." is not allowed as a key name.`},
		{"key of 512 bytes", `env.KV.put("k" * 512, "v"); return env.KV.get("k" * 512)`, `"v"`},
		{"key of 513 bytes, put", `env.KV.put("k" * 513, "v")`, "KVError: KV PUT failed: 414 UTF-8 encoded length of 513 exceeds key length limit of 512."},
		{"key of 513 bytes, get", `env.KV.get("é" * 256 + "k")`, "KVError: KV GET failed: 414 UTF-8 encoded length of 513 exceeds key length limit of 512."},
		{"key of 513 bytes, delete", `env.KV.delete("k" * 513)`, "KVError: KV DELETE failed: 414 UTF-8 encoded length of 513 exceeds key length limit of 512."},
		{"prefix of 513 bytes", `env.KV.list(prefix="k" * 513)`, "KVError: KV GET failed: 414 UTF-8 encoded length of 513 exceeds key length limit of 512."},
		{"value of 25 MiB", `env.KV.put("k", b"x" * 26214400)`, "null"},
		{"value too large", `env.KV.put("k", b"x" * 26214401)`, "KVError: KV PUT failed: 413 Value length of 26214401 exceeds limit of 26214400."},
		{"metadata of 1024 bytes", `env.KV.put("k", "v", metadata="m" * 1022)`, "null"},
		{"metadata too large", `env.KV.put("k", "v", metadata="m" * 1023)`, "KVError: KV PUT failed: 413 Metadata length of 1025 exceeds limit of 1024."},
		{"TTL 59", `env.KV.put("k", "v", expiration_ttl=59)`, "KVError: KV PUT failed: 400 Invalid expiration_ttl of 59. Expiration TTL must be at least 60."},
		{"TTL 0", `env.KV.put("k", "v", expirationTtl=0)`, "KVError: KV PUT failed: 400 Invalid expiration_ttl of 0. Please specify integer greater than 0."},
		{"TTL -1", `env.KV.put("k", "v", {"expirationTtl": -1})`, "KVError: KV PUT failed: 400 Invalid expiration_ttl of -1. Please specify integer greater than 0."},
		{"TTL abc", `env.KV.put("k", "v", expiration_ttl="abc")`, "KVError: KV PUT failed: 400 Invalid expiration_ttl of 0. Please specify integer greater than 0."},
		{"TTL as text", `env.KV.put("k", "v", expiration_ttl="120")`, "null"},
		{"TTL with a fraction", `env.KV.put("k", "v", expiration_ttl=60.5)`, "null"},
		{"expiration too soon", `env.KV.put("k", "v", expiration=1893456059)`, "KVError: KV PUT failed: 400 Invalid expiration of 1893456059. Expiration times must be at least 60 seconds in the future."},
		{"expiration in the past", `env.KV.put("k", "v", expiration=1)`, "KVError: KV PUT failed: 400 Invalid expiration of 1. Please specify integer greater than the current number of seconds since the UNIX epoch."},
		{"both: the TTL counts", `env.KV.put("both", "v", expiration=1893456100, expiration_ttl=500); return env.KV.list(prefix="both").keys[0].expiration`, "1893456500"},
		{"cache TTL 29", `env.KV.get("k", cache_ttl=29)`, "KVError: KV GET failed: 400 Invalid cache_ttl of 29. Cache TTL must be at least 30."},
		{"cache TTL 30", `return env.KV.get("none", {"type": "text", "cacheTtl": 30})`, "null"},
		{"unknown type", `env.KV.get("k", "xml")`, `TypeError: Unknown response type. Possible types are "text", "arrayBuffer", "json", and "stream".`},
		{"put of a dict", `env.KV.put("k", {})`, "TypeError: KV put() accepts only strings, ArrayBuffers, ArrayBufferViews, and ReadableStreams as values."},
		{"put of a number", `env.KV.put("k", 5); return env.KV.get("k")`, `"5"`},
		{"put of None", `env.KV.put("k", None); return env.KV.get("k")`, `"null"`},
		{"put of a float", `env.KV.put("k", 5.0); a = env.KV.get("k"); env.KV.put("k", 0.5); return a, env.KV.get("k")`, `["5","0.5"]`},
		{"put of a stream", `import io; env.KV.put("k", io.BytesIO(b"st")); return env.KV.get("k", "stream").read()`, `"bytes:st"`},
		{"bytes", `env.KV.put("k", b"\x00\xff"); return env.KV.get("k", "arrayBuffer")`, "\"bytes:\\u0000ÿ\""},
		{"empty value", `env.KV.put("k", ""); return env.KV.get("k")`, `""`},
		{"JSON", `env.KV.put("k", '{"a": [1]}'); return env.KV.get("k", type="json")`, `{"a":[1]}`},
		{"no JSON", `env.KV.put("k", "{x"); env.KV.get("k", "json")`, "ValueError: Expected property name or '}' in JSON at position 1 (line 1 column 2)"},
		{"put gives nothing", `return env.KV.put("k", "v")`, "null"},
		{"get of none", `return env.KV.get("none")`, "null"},
		{"delete of none", `return env.KV.delete("none")`, "null"},
		{"delete", `env.KV.put("k", "v"); env.KV.delete("k"); return env.KV.get("k"), env.KV.list(prefix="k").keys[0].name`, `[null,"` + strings.Repeat("k", 512) + `"]`},
		{"put without metadata clears it", `env.KV.put("k", "v", metadata=1); env.KV.put("k", "w"); return env.KV.get_with_metadata("k")`, `{"cacheStatus":null,"metadata":null,"value":"w"}`},
		{"metadata", `env.KV.put("k", "v", metadata={"é": 1}); r = env.KV.get_with_metadata("k"); value, metadata = r; return [r, value, metadata, r.value, r["metadata"]]`, `[{"cacheStatus":null,"metadata":{"é":1},"value":"v"},"v",{"é":1},"v",{"é":1}]`},
		{"metadata of none", `return env.KV.getWithMetadata("none")`, `{"cacheStatus":null,"metadata":null,"value":null}`},
		{"get of a list", `env.KV.put("k", "v"); return env.KV.get(["k", "none"])`, `{"k":"v","none":null}`},
		{"get of 101 keys", `env.KV.get(["k"] * 101)`, "KVError: KV GET_BULK failed: 400 You can request a maximum of 100 keys"},
		{"get of no keys", `env.KV.get([])`, "KVError: KV GET_BULK failed: 400 You must request a minimum of 1 key"},
		{"get of a list as bytes", `env.KV.get(["k"], "arrayBuffer")`, `KVError: KV GET_BULK failed: 400 "arrayBuffer" is not a valid type. Use "json" or "text"`},
		{"get of a list, no JSON", `env.KV.put("k", "x"); env.KV.get(["k"], "json")`, "KVError: KV GET_BULK failed: 400 At least one of the requested keys corresponds to a non-json value"},
		{"get of a list, 25 MiB", `env.KV.put("a", b"x" * 20000000); env.KV.get_multi(["a", "a"])`, "KVError: KV GET_BULK failed: 413 Total size of request exceeds the limit of 25MB"},
		{"get_multi", `env.KV.put_multi([("m1", "1"), ("m2", "[2]", {"metadata": 3})]); return env.KV.get_multi(["m1", "none", "m2"], "json")`, `{"m1":1,"m2":[2]}`},
		{"put_multi of a dict", `env.KV.put_multi({"m1": b"x"}, expirationTtl=60); return env.KV.list(prefix="m").keys`, `[{"expiration":1893456060,"name":"m1"},{"metadata":3,"name":"m2"}]`},
		{"put_multi: all or none", `
try:
    env.KV.put_multi({"m1": "changed", "": "x"})
except TypeError:
    return env.KV.get("m1")`, `"x"`},
		{"await works on all", `return env.KV.get("none") is None`, "true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := run(tt.code); got != tt.want {
				t.Errorf("%s\ngot  %s\nwant %s", tt.code, got, tt.want)
			}
		})
	}
}

// TestList is the part of the table that is about lists, which a real Redis has sorted
// and the one in this process has not.
func TestList(t *testing.T) {
	t.Run("in this process", func(t *testing.T) { testList(t, kv.Config{}) })
	t.Run("in a Redis", func(t *testing.T) { testList(t, kv.Config{URL: "redis://" + miniredis.RunT(t).Addr()}) })
}

func testList(t *testing.T, config kv.Config) {
	t.Helper()
	clock := now
	config.Now = func() time.Time { return clock }
	run := evaluate(t, open(t, config))
	run(`env.KV.put("p:gone", "", expiration_ttl=60); env.KV.put("p:anew", "", expiration_ttl=60)`)
	clock = now.Add(61 * time.Second)
	run(`env.KV.put("p:anew", ""); assert len(env.KV.list().keys) == 1; env.KV.delete("p:anew")`)
	run(`env.KV.put_multi({"p:a": "", "p:B": "", "p:c": "", "q": ""}); env.KV.put("p:d", "", metadata=[1], expiration=1893459600)`)
	for _, tt := range []struct{ name, code, want string }{
		{"byte order", `return [k.name for k in env.KV.list(prefix="p:")["keys"]]`, `["p:B","p:a","p:c","p:d"]`},
		{"all of it", `return env.KV.list(prefix="p:d")`, `{"cacheStatus":null,"keys":[{"expiration":1893459600,"metadata":[1],"name":"p:d"}],"list_complete":true}`},
		{"pages", `
names, cursor = [], None
while True:
    page = env.KV.list(limit=2, cursor=cursor)
    names.append([k["name"] for k in page.keys])
    if page.list_complete:
        return names
    cursor = page.cursor`, `[["p:B","p:a"],["p:c","p:d"],["q"]]`},
		{"limit exactly", `r = env.KV.list(prefix="p:", limit=4); return len(r.keys), r.list_complete, "cursor" in r, r.cursor`, `[4,true,false,null]`},
		{"limit 1000", `return len(env.KV.list(limit=1000).keys)`, "5"},
		{"limit 1001", `env.KV.list(limit=1001)`, "KVError: KV GET failed: 400 Invalid key_count_limit of 1001. Please specify an integer less than 1000."},
		{"limit 0", `return len(env.KV.list(limit=0).keys)`, "5"},
		{"limit -1", `return len(env.KV.list({"limit": -1}).keys)`, "5"},
		{"no cursor", `return env.KV.list(cursor="garbage")`, `{"cacheStatus":null,"keys":[],"list_complete":true}`},
		{"empty cursor", `return len(env.KV.list(cursor="").keys)`, "5"},
		{"cursor is the last key", `import base64; return base64.b64decode(env.KV.list(limit=1).cursor)`, `"bytes:p:B"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := run(tt.code); got != tt.want {
				t.Errorf("%s\ngot  %s\nwant %s", tt.code, got, tt.want)
			}
		})
	}
}
