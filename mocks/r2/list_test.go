package r2

import "testing"

func TestList(t *testing.T) {
	g := guestOf(t, opened(t, Config{Dir: t.TempDir()}), evaluator)
	for _, row := range listRows {
		t.Run(row.name, func(t *testing.T) { same(t, g.eval(t, row.code), row.want) })
	}
}

// listRows begin by emptying the bucket.
var listRows = []semanticsRow{
	{"fill", `
while (page := B.list()).objects:
    B.delete([o.key for o in page])
for key in ("b", "p:a", "p:B", "d/1", "d/2", "d/x/3", "é", "z"):
    B.put(key, key, http_metadata={"contentType": "a/b"}, custom_metadata={"key": key})
r = [o.key for o in B.list()]`, `["b", "d/1", "d/2", "d/x/3", "p:B", "p:a", "z", "é"]`},
	{
		"result", `p = B.list(limit=1); r = [p["truncated"], p.truncated, p.cursor == p["cursor"], p.delimited_prefixes, p["delimitedPrefixes"], p["objects"][0]["key"], p.objects[0].http_metadata, p.objects[0].customMetadata, p.objects[0].etag]`,
		`[true, true, true, [], [], "b", {}, {}, "92eb5ffee6ae2fec3ad71c777531578f"]`,
	},
	{"no cursor where complete", `p = B.list(); r = [p.truncated, p.cursor, "cursor" in p, p.get("cursor"), "objects" in p]`, `[false, null, false, null, true]`},
	{"limit as many as there are", `p = B.list(limit=8); r = [p.truncated, len(p.objects)]`, `[false, 8]`},
	{"include", `o = B.list(include=["httpMetadata", "custom_metadata"], limit=1).objects[0]; r = [o.http_metadata, o.custom_metadata]`, `[{"contentType": "a/b"}, {"key": "b"}]`},
	{"prefix", `r = [[o.key for o in B.list(prefix=p)] for p in ("d/", "p:", "é", "none", "")]`, `[["d/1", "d/2", "d/x/3"], ["p:B", "p:a"], ["é"], [], ["b", "d/1", "d/2", "d/x/3", "p:B", "p:a", "z", "é"]]`},
	{"delimiter", `p = B.list(delimiter="/"); r = [[o.key for o in p], p.delimited_prefixes]`, `[["b", "p:B", "p:a", "z", "é"], ["d/"]]`},
	{"delimiter and prefix", `p = B.list(prefix="d/", delimiter="/"); r = [[o.key for o in p], p.delimitedPrefixes]`, `[["d/1", "d/2"], ["d/x/"]]`},
	{"startAfter", `r = [[o.key for o in B.list(start_after="p:B")], [o.key for o in B.list(startAfter="d/10", limit=2)]]`, `[["p:a", "z", "é"], ["d/2", "d/x/3"]]`},
	{
		"page by page", `
def pages(**options):
    keys, cursor, n = [], None, 0
    while True:
        p = B.list(cursor=cursor, **options)
        keys += [o.key for o in p] + p.delimited_prefixes
        n += 1
        if not p.truncated:
            return n, keys
        cursor = p.cursor
r = [pages(limit=3), pages(limit=1, delimiter="/"), pages(limit=2, prefix="d/")]`,
		`[[3, ["b", "d/1", "d/2", "d/x/3", "p:B", "p:a", "z", "é"]], [6, ["b", "d/", "p:B", "p:a", "z", "é"]], [2, ["d/1", "d/2", "d/x/3"]]]`,
	},
	{"limit 0", `B.list(limit=0)`, `"R2Error: list: MaxKeys params must be positive integer <= 1000. (10022)"`},
	{"limit 1001", `B.list({"limit": 1001})`, `"R2Error: list: MaxKeys params must be positive integer <= 1000. (10022)"`},
	{"cursor that is none", `r = B.list(cursor="!!").objects[0].key`, `"b"`},
	{
		"odd keys", `
odd = ["/", "//", "..", "../../etc/passwd", "a/../b", "nul\0", "\0", "A", "a", ".", "x" * 1000, "C:\\x", "con", "\u2028", "😀", " ", "%2e%2e", "a\nb"]
while (page := B.list()).objects:
    B.delete([o.key for o in page])
for i, key in enumerate(odd):
    B.put(key, str(i))
r = [sorted(o.key for o in B.list()) == sorted(odd), all(B.get(key) == str(i).encode() for i, key in enumerate(odd)), B.delete(odd), B.list().objects]`,
		`[true, true, null, []]`,
	},
}
