package r2

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// TestMultipart has a row for every rule of uploads in parts.
func TestMultipart(t *testing.T) {
	g := guestOf(t, opened(t, Config{Dir: t.TempDir()}), evaluator)
	for _, row := range multipartRows {
		t.Run(row.name, func(t *testing.T) { same(t, g.eval(t, row.code), row.want) })
	}
}

func TestMultipartOnS3(t *testing.T) {
	address, _ := s3Server(t)
	g := guestOf(t, opened(t, Config{Dir: t.TempDir(), URL: address}), evaluator)
	for _, row := range multipartRows {
		t.Run(row.name, func(t *testing.T) { same(t, g.eval(t, row.code), row.want) })
	}
}

var multipartRows = []semanticsRow{
	{
		"two parts", `
u = B.create_multipart_upload("k", http_metadata={"contentType": "a/b"}, custom_metadata={"a": "1"})
big = b"x" * (5 << 20)
parts = [u.upload_part(1, big), u.uploadPart(2, "end")]
o = u.complete(parts)
etag = hashlib.md5(hashlib.md5(big).digest() + hashlib.md5(b"end").digest()).hexdigest() + "-2"
got = B.get("k")
r = [u.key, len(u.upload_id), u.uploadId == u.upload_id, parts[0].part_number, parts[1].partNumber, o.size, o.etag == etag, o.checksums, got == big + b"end", got.custom_metadata, got.http_metadata]`,
		`["k", 32, true, 1, 2, 5242883, true, {}, true, {"a": "1"}, {"contentType": "a/b"}]`,
	},
	{"dicts, out of order, a part again", `
u = B.resumeMultipartUpload("k", B.createMultipartUpload("k").uploadId)
last = u.upload_part(7, "end"); u.upload_part(2, b"y" * (5 << 20)); first = u.upload_part(2, b"x" * (5 << 20))
o = u.complete([{"partNumber": 7, "etag": last.etag}, {"part_number": 2, "etag": first["etag"]}])
got = B.get("k"); r = [o.size, got[:2], got[-4:]]`, `[5242883, "xx", "xend"]`},
	{"a part from a file, and of more than one call takes", `
u = B.create_multipart_upload("f")
a = u.upload_part(1, io.BytesIO(b"a" * (9 << 20))); b = u.upload_part(2, b"b" * (8 << 20) + b"b"); o = u.complete([a, b])
got = B.open("f"); got.seek(-(8 << 20) - 2, 2); r = [o.size, got.read(3)]`, `[17825793, "abb"]`},
	{"one small part", `u = B.create_multipart_upload("s"); r = u.complete([u.upload_part(1, "small")]).size`, `5`},
	{
		"small part that is not the last", `u = B.create_multipart_upload("s"); u.complete([u.upload_part(1, "small"), u.upload_part(2, "end")])`,
		`"R2Error: completeMultipartUpload: Your proposed upload is smaller than the minimum allowed object size. (10011)"`,
	},
	{
		"wrong etag", `u = B.create_multipart_upload("s"); u.upload_part(1, "1"); u.complete([{"partNumber": 1, "etag": "x"}])`,
		`"R2Error: completeMultipartUpload: One or more of the specified parts could not be found. (10025)"`,
	},
	{
		"a part that is not there", `u = B.create_multipart_upload("s"); p = u.upload_part(1, "1"); u.complete([{"partNumber": 2, "etag": p.etag}])`,
		`"R2Error: completeMultipartUpload: One or more of the specified parts could not be found. (10025)"`,
	},
	{"unknown upload", `B.resume_multipart_upload("s", "none").upload_part(1, "1")`, `"R2Error: uploadPart: The specified multipart upload does not exist. (10024)"`},
	{"upload of another key", `u = B.create_multipart_upload("s"); B.resume_multipart_upload("t", u.upload_id).upload_part(1, "1")`, `"R2Error: uploadPart: The specified multipart upload does not exist. (10024)"`},
	{"large part of an unknown upload", `B.resume_multipart_upload("s", "none").upload_part(1, io.BytesIO(b"1"))`, `"R2Error: uploadPart: The specified multipart upload does not exist. (10024)"`},
	{"part 0", `B.create_multipart_upload("s").upload_part(0, "1")`, `"TypeError: Part number must be between 1 and 10000 (inclusive). Actual value was: 0"`},
	{"part 10001", `B.create_multipart_upload("s").upload_part(10001, "1")`, `"TypeError: Part number must be between 1 and 10000 (inclusive). Actual value was: 10001"`},
	{"abort", `
u = B.create_multipart_upload("aborted"); u.upload_part(1, "1"); u.abort(); r = B.head("aborted")
u.upload_part(1, "1")`, `"R2Error: uploadPart: The specified multipart upload does not exist. (10024)"`},
	{
		"complete twice", `u = B.create_multipart_upload("s"); p = u.upload_part(1, "1"); u.complete([p]); u.complete([p])`,
		`"R2Error: completeMultipartUpload: The specified multipart upload does not exist. (10024)"`,
	},
}

// large writes and reads 100 MB in a guest of 128 MB, which holds 1 MB of it.
const large = `
SIZE = 100 << 20
class Pattern(io.RawIOBase):
    """Bytes that say where they are."""
    def __init__(self):
        self.at = 0
    def read(self, n=-1):
        n = min(n, SIZE - self.at)
        block = (self.at >> 20) & 255
        self.at += n
        return bytes([block]) * n
o = B.put("large", Pattern(), length=SIZE, sha256=DIGEST) if DIGEST else B.put("large", Pattern(), length=SIZE)
f = B.open("large")
h = hashlib.sha256()
n = 0
while piece := f.read(1 << 20):
    if piece[0] != (n >> 20) & 255 or piece[-1] != piece[0]:
        raise ValueError(f"at {n}")
    h.update(piece); n += len(piece)
f.close()
r = [o.size, n, h.hexdigest(), B.get("large", range={"offset": 99 << 20, "length": 2})[0]]
`

func TestLargeObjects(t *testing.T) {
	s := opened(t, Config{Dir: t.TempDir()})
	passLarge(t, s)
}

func TestLargeObjectsOnS3(t *testing.T) {
	// The service keeps its objects in this process too: only that the bytes
	// are right is tested.
	address, _ := s3Server(t)
	g := guestOf(t, opened(t, Config{Dir: t.TempDir(), URL: address}), evaluator)
	same(t, g.eval(t, "DIGEST = None"+large), `~[104857600, 104857600, "`)
}

func passLarge(t *testing.T, s *Store) {
	t.Helper()
	g := guestOf(t, s, evaluator)
	g.eval(t, "r = 1") // what an instance takes is not counted
	peak := watchHeap()
	got := g.eval(t, "DIGEST = None"+large)
	more := peak()
	same(t, got, `~[104857600, 104857600, "`)
	if more > 64<<20 {
		t.Errorf("the host took %d MB for an object of 100 MB", more>>20)
	}
	t.Logf("the host took %.1f MB more", float64(more)/(1<<20))
	same(t, g.eval(t, `B.get("large")`), `~"R2Error: get: large is 104857600 bytes long; read it in pieces`)
	same(t, g.eval(t, `B.put("t", (bytes([n]) * (1 << 20) for n in range(16)), length=16 << 20); o = B.get("t"); r = [len(o), o[0], o[-1], o[5 << 20], o.size]`), `[16777216, 0, 15, 5, 16777216]`)
	// As bytes: to what memory holds, and to 32 MB.
	same(t, g.eval(t, `B.put("t", (bytes(1 << 20) for n in range(33)), length=33 << 20); B.get("t")`), `~"R2Error: get: t is 34603008 bytes long; read it in pieces`)
	same(t, g.eval(t, `
fill = []
try:
    while True:
        fill.append(bytes(1 << 20))
except MemoryError:
    del fill[-4:]
B.get("t", range={"length": 30 << 20})`), `~"R2Error: get: t is 31457280 bytes long; read it in pieces`)
	if n := len(s.handles.open); n != 0 {
		t.Errorf("%d bodies are still open", n)
	}
}

// watchHeap samples the heap until the function that it returns is called, which
// gives by how many bytes it has grown at most.
func watchHeap() (peak func() uint64) {
	runtime.GC()
	sample := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var most atomic.Uint64
	before := sample()
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			most.Store(max(most.Load(), sample()))
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-done
		return most.Load() - min(before, most.Load())
	}
}

func TestReaders(t *testing.T) {
	g := guestOf(t, opened(t, Config{Dir: t.TempDir()}), evaluator)
	for _, row := range []semanticsRow{
		{"lines", `B.put("k", "a\nb\nc"); r = list(B.open("k"))`, `["a\n", "b\n", "c"]`},
		{"seek", `f = B.get("k", stream=True); f.seek(-1, 2); a = f.read(); f.seek(0); r = [a, f.read(2), f.tell(), f.size, f.etag, f["key"]]`, `["c", "a\n", 2, 5, "c32b2057b9bd62caa835386346177935", "k"]`},
		{"range", `f = B.open("k", range={"offset": 2, "length": 2}); r = [f.read(), f.read(), f.range]`, `["b\n", "", {"offset": 2, "length": 2}]`},
		{"text", `f = B.open("k"); f.text(); f.json()`, `"TypeError: Body has already been used. It can only be used once. Use tee() first if you need to read it twice."`},
		{"closed", `f = B.open("k"); f.close(); f.close(); f.read()`, `"ValueError: I/O operation on closed file."`},
		{"another's handle", `
from pymode._r2 import _call
_call("r2.read", {"handle": "0" * 32, "offset": 0, "length": 1})`, `"R2Error: get: the object is no longer open"`},
		{"too many at once", `keep = [B.open("k") for _ in range(64)]; B.open("k")`, `~"R2Error: get: too many objects are open`},
		{"all closed with the request", `keep = [B.open("k") for _ in range(64)]; r = len(keep)`, `64`},
		{"overwritten while it is read", `f = B.open("k"); B.put("k", "other"); B.delete("k"); r = f.read()`, `"a\nb\nc"`},
		{"copied", `B.put("k", "a\nb\nc"); B.put("copy", B.open("k")); r = B.get("copy").text()`, `"a\nb\nc"`},
	} {
		t.Run(row.name, func(t *testing.T) { same(t, g.eval(t, row.code), row.want) })
	}
}
