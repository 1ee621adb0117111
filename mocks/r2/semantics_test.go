package r2

import "testing"

// TestSemantics has a row for every row of the platform's table, and more. Rows
// share a bucket, and are run in order.
func TestSemantics(t *testing.T) {
	g := guestOf(t, opened(t, Config{Dir: t.TempDir()}), evaluator)
	for _, row := range semantics {
		t.Run(row.name, func(t *testing.T) { same(t, g.eval(t, row.code), row.want) })
	}
}

// TestAsResponse: an object is what a handler may answer.
func TestAsResponse(t *testing.T) {
	for _, answer := range []string{`o`, `Response(o)`, `Response(o.body)`, `Response(o.bytes(), headers={"etag": o.http_etag})`, `o.text()`} {
		g := guestOf(t, opened(t, Config{Dir: t.TempDir()}), `
from workers import Response
def on_fetch(request, env):
    env.B.put("k", '"a body"')
    o = env.B.get("k")
    return `+answer)
		same(t, g.eval(t, ""), `"a body"`)
	}
}

// TestAwait: both styles work, for every kind of answer.
func TestAwait(t *testing.T) {
	g := guestOf(t, opened(t, Config{Dir: t.TempDir()}), `
import asyncio, json
async def on_fetch(request, env):
    put = await env.B.put("k", "hello")
    got = await env.B.get("k")
    text = await got.text()
    head, none = await asyncio.gather(env.B.head("k"), env.B.get("none"))
    page = await env.B.list()
    gone = await env.B.delete("k")
    return json.dumps([put.size, got == b"hello", text, head.size, none, page["truncated"], gone, env.B.get("k")])
`)
	same(t, g.eval(t, ""), `[5, true, "hello", 5, null, false, null, null]`)
}

type semanticsRow struct{ name, code, want string }

var semantics = []semanticsRow{
	{
		"put result", `
o = B.put("k", "hello", http_metadata={"contentType": "text/plain"}, customMetadata={"a": "1"})
r = [o.key, len(o.version), o.size, o.etag, o.http_etag, o.httpEtag == o.http_etag, o.http_metadata, o.custom_metadata,
     o.storage_class, o.checksums.to_json(), o.range, o.body, type(o.uploaded).__name__, o.uploaded.tzinfo is datetime.UTC]`,
		`["k", 32, 5, "5d41402abc4b2a76b9719d911017c592", "\"5d41402abc4b2a76b9719d911017c592\"", true, {"contentType": "text/plain"}, {"a": "1"},
		"", {"md5": "5d41402abc4b2a76b9719d911017c592"}, null, null, "datetime", true]`,
	},
	{"put without metadata", `o = B.put("plain", b"x"); r = [o.http_metadata, o.custom_metadata, o.checksums.md5 == hashlib.md5(b"x").digest()]`, `[{}, {}, true]`},
	{
		"head", `o = B.head("k"); r = [o.size, o.range, o.body, o["etag"], o.httpMetadata.contentType, o.http_metadata["content_type"], o.http_metadata.cache_control]`,
		`[5, {"offset": 0, "length": 5}, null, "5d41402abc4b2a76b9719d911017c592", "text/plain", "text/plain", null]`,
	},
	{
		"get is bytes", `o = B.get("k"); r = [isinstance(o, bytes), isinstance(o, R2Object), o == b"hello", o.size, o.range, o.text(), o["key"], o[0], o[1:3], o.custom_metadata]`,
		`[true, true, true, 5, {"offset": 0, "length": 5}, "hello", "k", 104, "el", {"a": "1"}]`,
	},
	{
		"json", `B.put("j", '{"x": [1]}'); r = [B.get("j").json(), B.get("j").array_buffer(), B.get("j").arrayBuffer(), B.get("j").bytes(), B.get("j").body.read()]`,
		`[{"x": [1]}, "{\"x\": [1]}", "{\"x\": [1]}", "{\"x\": [1]}", "{\"x\": [1]}"]`,
	},
	{"versions differ", `r = B.put("v", "1").version != B.put("v", "1").version`, `true`},
	{"get missing", `r = [B.get("missing"), B.head("missing"), B.open("missing")]`, `[null, null, null]`},
	{"delete missing", `r = B.delete("missing")`, `null`},
	{"delete", `B.put("d", "1"); B.delete("d"); r = B.head("d")`, `null`},
	{"delete several", `B.put("d1", "1"); B.put("d2", "1"); r = [B.delete(["d1", "d2", "none"]), B.head("d1"), B.head("d2"), B.delete([])]`, `[null, null, null, null]`},
	{"delete 1000 keys", `r = B.delete([f"no{i}" for i in range(1000)])`, `null`},
	// The documentation says 1000; the local simulator takes more.
	{"delete 1001 keys", `r = B.delete([f"no{i}" for i in range(1001)])`, `~"R2Error: delete: `},
	{"key of 1024 bytes", `B.put("é" * 512, "1"); r = B.get("é" * 512)`, `"1"`},
	{"key of 1025 bytes", `B.put("k" * 1025, "1")`, `"R2Error: put: The specified object name is not valid. (10020)"`},
	{"get of such a key", `B.get("k" * 1025)`, `"R2Error: get: The specified object name is not valid. (10020)"`},
	// The service refuses it; the local simulator takes it.
	{"empty key", `B.put("", "1")`, `"R2Error: put: The specified object name is not valid. (10020)"`},
	{"metadata of 8192", `r = B.put("m", "1", custom_metadata={"k": "v" * 8191}).size`, `1`},
	{"metadata of 8193", `B.put("m", "1", custom_metadata={"k": "v" * 8192})`, `"R2Error: put: Your metadata headers exceed the maximum allowed metadata size. (10012)"`},
	{"wide metadata counts twice", `B.put("m", "1", custom_metadata={"k": "€" * 4096})`, `"R2Error: put: Your metadata headers exceed the maximum allowed metadata size. (10012)"`},
	{"narrow metadata counts once", `r = B.put("m", "1", custom_metadata={"k": "ÿ" * 8191}).size`, `1`},
	{"put of a number", `B.put("n", 5)`, `"TypeError: Failed to execute 'put' on 'R2Bucket': parameter 2 is not of type 'ReadableStream or ArrayBuffer or ArrayBufferView or string or Blob'."`},
	{"put of a dict", `B.put("n", {"a": 1})`, `"TypeError: Failed to execute 'put' on 'R2Bucket': parameter 2 is not of type 'ReadableStream or ArrayBuffer or ArrayBufferView or string or Blob'."`},
	{"put of None", `r = [B.put("empty", None).size, B.get("empty"), B.head("empty").range]`, `[0, "", {"offset": 0, "length": 0}]`},
	{"put of buffers", `r = [B.put("b", bytearray(b"ab")).size, B.put("b", memoryview(b"abc")).size, B.get("b"), B.put("b", B.get("b")).size]`, `[2, 3, "abc", 3]`},
	{"put of a file", `B.put("f", io.BytesIO(b"from a file")); r = B.get("f")`, `"from a file"`},
	{"put of an iterator", `B.put("i", (bytes([65 + i]) * 3 for i in range(3)), length=9); r = B.get("i")`, `"AAABBBCCC"`},
	{"put of unknown length", `B.put("i", iter([b"1"]))`, `"TypeError: Provided readable stream must have a known length (request/response body or readable half of FixedLengthStream)"`},
	{"stream too short", `B.put("short", iter([b"1"]), length=2)`, `"TypeError: FixedLengthStream did not see all expected bytes before close()."`},
	{"stream too long", `B.put("short", iter([b"123"]), length=2)`, `"TypeError: Attempt to write too many bytes through a FixedLengthStream."`},
	{"neither is written", `r = B.head("short")`, `null`},
	{"stream that raises", `
def broken():
    yield b"1"
    raise OSError("gone")
B.put("short", broken(), length=2)`, `"OSError: gone"`},
	{"put, last row clears metadata", `B.put("k", "hello"); r = [B.head("k").http_metadata, B.head("k").custom_metadata]`, `[{}, {}]`},

	{"range", `o = B.get("k", range={"offset": 1, "length": 3}); r = [o, o.size, o.range]`, `["ell", 5, {"offset": 1, "length": 3}]`},
	{"range, options as a dict", `r = B.get("k", {"range": {"offset": 3}})`, `"lo"`},
	{"range length only", `r = B.get("k", range={"length": 2})`, `"he"`},
	{"range past the end", `o = B.get("k", range={"offset": 3, "length": 100}); r = [o, o.range]`, `["lo", {"offset": 3, "length": 2}]`},
	{"suffix", `o = B.get("k", range={"suffix": 2}); r = [o, o.range, B.get("k", range={"suffix": 99})]`, `["lo", {"offset": 3, "length": 2}, "hello"]`},
	{"offset at the end", `B.get("k", range={"offset": 5})`, `"R2Error: get: The requested range is not satisfiable (10039)"`},
	{"suffix 0", `B.get("k", range={"suffix": 0})`, `"R2Error: get: The requested range is not satisfiable (10039)"`},
	{"length 0", `B.get("k", range={"offset": 0, "length": 0})`, `"R2Error: get: The requested range is not satisfiable (10039)"`},
	{"suffix and offset", `B.get("k", range={"suffix": 1, "offset": 1})`, `"TypeError: Suffix is incompatible with offset."`},
	{"suffix and length", `B.get("k", range={"suffix": 1, "length": 1})`, `"TypeError: Suffix is incompatible with length."`},
	{"offset -1", `B.get("k", range={"offset": -1})`, `"ValueError: Invalid range. Starting offset (-1) must be greater than or equal to 0."`},
	{"Range header", `r = [B.get("k", range={"Range": "bytes=1-2"}), B.get("k", range=Headers({"range": "bytes=-2"})), B.get("k", range={"range": "bytes=3-"}), B.get("k", range={"range": "bytes=3-99"})]`, `["el", "lo", "lo", "lo"]`},
	{"Range header that is none", `r = [B.get("k", range={"range": h}) for h in ("bytes=0-1,3-4", "lines=1-2", "bytes=x-", "bytes=9-", "bytes=3-1", "bytes=-", "")]`, `["hello", "hello", "hello", "hello", "hello", "hello", "hello"]`},

	{"onlyIf holds", `e = B.head("k").etag; r = [B.get("k", only_if={"etagMatches": e}), B.get("k", onlyIf={"etag_matches": [e, "x"]}), B.get("k", only_if={"etagDoesNotMatch": "x"}), B.get("k", only_if={"etagMatches": "*"})]`, `["hello", "hello", "hello", "hello"]`},
	{"onlyIf fails on get", `o = B.get("k", only_if={"etagMatches": "x"}); r = [o is None, bool(o), o.body, o.size, o.key, isinstance(o, bytes)]`, `[false, true, null, 5, "k", false]`},
	{"onlyIf on a missing key", `r = B.get("missing", only_if={"etagMatches": "x"})`, `null`},
	{"onlyIf with quotes", `B.get("k", only_if={"etagMatches": '"abc"'})`, `"TypeError: Conditional ETag should not be wrapped in quotes (\"abc\")."`},
	{"onlyIf fails on put", `r = [B.put("k", "changed", only_if={"etagMatches": "x"}), B.get("k")]`, `[null, "hello"]`},
	{"etagMatches of a missing key", `r = [B.put("missing", "1", only_if={"etagMatches": "x"}), B.head("missing")]`, `[null, null]`},
	{"if-none-match: *", `r = [B.put("k", "changed", only_if={"If-None-Match": "*"}), B.put("once", "1", only_if={"if-none-match": "*"}).size, B.put("once", "2", onlyIf={"etagDoesNotMatch": "*"}), B.get("once")]`, `[null, 1, null, "1"]`},
	{"if-match of a header", `e = B.head("k"); r = [B.get("k", only_if=Headers({"if-match": f'"x", {e.http_etag}'})), B.get("k", only_if={"if-match": "W/" + e.http_etag}).body, B.get("k", only_if={"if-none-match": "W/" + e.http_etag}).body]`, `["hello", null, null]`},
	{
		"dates", `
u = B.head("k").uploaded
ms = datetime.timedelta(milliseconds=1)
get = lambda **c: getattr(B.get("k", only_if=c), "body", None) is not None
r = [get(uploadedAfter=u), get(uploadedAfter=u - ms), get(uploadedBefore=u), get(uploaded_before=u + ms),
     get(uploadedAfter=u - ms, secondsGranularity=True) and u.microsecond >= 1000, get(uploadedAfter=u, etagDoesNotMatch="x"), get(uploadedBefore=u, etagMatches=B.head("k").etag)]`,
		`[false, true, false, true, false, true, true]`,
	},
	{
		"dates of headers", `
import email.utils
u = email.utils.format_datetime(B.head("k").uploaded, usegmt=True)
old = "Mon, 01 Jan 2024 00:00:00 GMT"
get = lambda **c: getattr(B.get("k", only_if={k.replace("_", "-"): v for k, v in c.items()}), "body", None) is not None
r = [get(if_modified_since=u), get(if_modified_since=old), get(if_unmodified_since=u), get(if_unmodified_since=old), get(if_modified_since="never")]`,
		`[false, true, true, false, true]`,
	},

	{"checksums", `r = [B.put("h", "hello", **{name: getattr(hashlib, name)(b"hello").hexdigest()}).checksums.to_json() == dict({name: getattr(hashlib, name)(b"hello").hexdigest()}, md5=hashlib.md5(b"hello").hexdigest()) for name in ("md5", "sha1", "sha256", "sha384", "sha512")]`, `[true, true, true, true, true]`},
	{"checksum as bytes", `r = [B.put("h", "hello", sha256=hashlib.sha256(b"hello").digest()).size, B.head("h").checksums["sha256"] == hashlib.sha256(b"hello").digest()]`, `[5, true]`},
	{"md5 mismatch", `B.put("h", "hello", md5="0" * 32)`, `"R2Error: put: The MD5 checksum you specified did not match what we received.\nYou provided a MD5 checksum with value: 00000000000000000000000000000000\nActual MD5 was: 5d41402abc4b2a76b9719d911017c592 (10037)"`},
	{"sha1 mismatch", `B.put("h", "hello", sha1="0" * 40)`, `~"R2Error: put: The SHA-1 checksum you specified did not match what we received.\nYou`},
	{"md5 of another length", `B.put("h", "hello", md5="abc")`, `"TypeError: MD5 is 32 hex characters, not 3"`},
	{"two hashes", `B.put("h", "hello", md5="0" * 32, sha1="0" * 40)`, `"TypeError: You cannot specify multiple hashing algorithms."`},
	{"checksum of a stream", `B.put("h", iter([b"hel", b"lo"]), length=5, sha512="0" * 128)`, `~"R2Error: put: The SHA-512 checksum`},

	{"body read twice", `o = B.get("k"); o.text(); o.text()`, `"TypeError: Body has already been used. It can only be used once. Use tee() first if you need to read it twice."`},
	{"body used", `o = B.get("k"); before = o.bodyUsed; o.json if False else o.bytes(); r = [before, o.body_used, o == b"hello", bytes(o)]`, `[false, true, true, "hello"]`},
	{
		"write_http_metadata", `
B.put("hm", "1", http_metadata={"content_type": "text/html", "cacheControl": "no-store", "cacheExpiry": datetime.datetime(2030, 1, 2, tzinfo=datetime.UTC)})
h = Headers(); o = B.get("hm"); o.write_http_metadata(h); d = {}; B.head("hm").writeHttpMetadata(d)
r = [dict(h), d == dict(h), o.http_metadata.cacheExpiry]`,
		`[{"content-type": "text/html", "cache-control": "no-store", "expires": "Wed, 02 Jan 2030 00:00:00 GMT"}, true, "2030-01-02T00:00:00+00:00"]`,
	},
	{"http metadata of headers", `B.put("hm", "1", httpMetadata=Headers({"Content-Type": "a/b", "Content-Language": "de", "X-Other": "x"})); r = B.head("hm").http_metadata`, `{"contentType": "a/b", "contentLanguage": "de"}`},
	{"storage class", `r = [B.put("sc", "1", storage_class="InfrequentAccess").storage_class, B.head("sc").storageClass]`, `["InfrequentAccess", "InfrequentAccess"]`},
	{"copies", `
import copy, pickle
o = B.get("k"); c = pickle.loads(pickle.dumps(o)); h = copy.deepcopy(B.head("k"))
r = [c, type(c).__name__, c.etag == o.etag, c.text(), h.etag == o.etag, h.http_metadata, copy.copy(B.head("k")).key]`, `["hello", "R2Object", true, "hello", true, {}, "k"]`},
	{"unknown option", `B.put("k", "1", httpmetadata={})`, `"TypeError: put() got an unexpected keyword argument 'httpmetadata'"`},
}
