package runtime_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"

	"github.com/google/go-cmp/cmp"
)

// mcpEntry is a server with a tool, resource or prompt of each kind.
const mcpEntry = `
from __future__ import annotations
import dataclasses, enum
from typing import Annotated, Any, Literal, NotRequired, Optional, TypedDict
from pymode.mcp import MCP, Image, MCPServer
mcp = MCP("test", version="2.0", instructions="Try it.")
assert MCPServer is MCP
PNG = b"\x89PNG\r\n\x1a\n..."

class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"

class Point(TypedDict):
    x: int
    label: NotRequired[str]

@mcp.tool
def forecast(city: Annotated[str, "where"], days: int = 3) -> dict:
    "The weather."
    return {"city": city, "days": days}

@mcp.tool(name="all", description="Every kind.")
def every(i: int, f: float, b: bool, li: list[int], d: dict[str, float], o: Optional[str], lit: Literal["a", 1],
          color: Color, p: Point, box: Box, u: int | str = 0, a: Any = None) -> str:
    return repr((i, f, b, li, d, o, lit, color, p, box, u, a))

@dataclasses.dataclass
class Box:
    size: int
    inner: Box | None = None

@mcp.tool
async def who(env, request) -> str:
    return await env.NAME + " " + request.method

@mcp.tool
def boom(): raise ValueError("it broke")
@mcp.tool
def picture(): return [PNG, "a picture", Image(b"x", "image/avif"), b"\x00"]
@mcp.tool
def box() -> Box: return Box(1, Box(2))
@mcp.tool
def liar() -> Point: return {"x": "one"}
@mcp.tool
def odd(): return object()
@mcp.tool
def nothing(): return None
@mcp.tool
def loose(**more): return more

@mcp.resource("config://app")
def config(): return {"debug": True}
@mcp.resource("users://{id}")
def user(id: int, env) -> str: "A user."; return f"user {id + 1} of {env.NAME}"
@mcp.resource("files://{+path}", mime_type="text/x-any")
async def files(path): return path
@mcp.resource("pic://logo")
def logo(): return PNG
@mcp.resource("bad://it")
def bad(): raise KeyError("lost")

@mcp.prompt
def ask(topic: str, tone: Literal["kind", "curt"] = "kind", n: int = 1): "Asks."; return f"{topic} {tone} {n + 1}"
@mcp.prompt
def talk(): return ["hello", ("assistant", "hi"), {"role": "user", "content": {"type": "text", "text": "bye"}}]

on_fetch = mcp.handler()
`

func mcpWorker(t *testing.T) *runtime.Worker {
	t.Helper()
	return runtimetest.Worker(t, mcpEntry, func(c *runtime.Config) { c.Env["NAME"] = runtime.Binding{Kind: "var", Value: "guest"} })
}

func rpc(t *testing.T, w *runtime.Worker, body string, headers ...runtime.Header) *runtime.Result {
	t.Helper()
	return w.Do(t.Context(), &runtime.Request{Method: "POST", URL: "http://localhost/mcp", Body: []byte(body), Headers: headers})
}

func TestMCPMethods(t *testing.T) {
	w := mcpWorker(t)
	call := func(name, arguments string) string {
		return `"tools/call","params":{"name":"` + name + `","arguments":` + arguments + `}`
	}
	const all = `{"i":1.0,"f":2,"b":true,"li":[1],"d":{"k":1},"o":null,"lit":"a","color":"red","p":{"x":1},"box":{"size":1,"inner":{"size":2}}`
	failed := func(text string) string {
		return `{"result":{"content":[{"type":"text","text":"` + text + `"}],"isError":true}}`
	}
	text := func(text string) string {
		return `{"result":{"content":[{"type":"text","text":"` + text + `"}],"isError":false}}`
	}
	for _, c := range []struct{ request, want string }{
		{
			`"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"c","version":"1"}}`,
			`{"result":{"protocolVersion":"2025-03-26","capabilities":{"logging":{},"completions":{},"tools":{"listChanged":false},"resources":{"listChanged":false},"prompts":{"listChanged":false}},` +
				`"serverInfo":{"name":"test","version":"2.0"},"instructions":"Try it."}}`,
		},
		{`"ping"`, `{"result":{}}`},
		{`"logging/setLevel","params":{"level":"info"}`, `{"result":{}}`},
		{`"logging/setLevel","params":{"level":"loud"}`, `{"error":{"code":-32602,"message":"the level must be one of debug, info, notice, warning, error, critical, alert, emergency"}}`},
		{`"initialize","params":{}`, `{"error":{"code":-32602,"message":"protocolVersion must be a string"}}`},
		{`"nothing/here"`, `{"error":{"code":-32601,"message":"there is no method 'nothing/here'"}}`},
		{`"ping","params":[1]`, `{"error":{"code":-32602,"message":"the params must be an object"}}`},
		{`"tools/list","params":{"cursor":"x"}`, `{"error":{"code":-32602,"message":"the cursor is none of this server's"}}`},

		{call("forecast", `{"city":"Oslo"}`), `{"result":{"content":[{"type":"text","text":"{\"city\": \"Oslo\", \"days\": 3}"}],"structuredContent":{"city":"Oslo","days":3},"isError":false}}`},
		{call("forecast", `{}`), failed("the argument 'city' is missing")},
		{call("forecast", `{"city":"Oslo","days":"2"}`), failed(`days must be an integer, not \"2\"`)},
		{call("forecast", `{"city":"Oslo","days":true}`), failed(`days must be an integer, not true`)},
		{call("forecast", `{"city":"Oslo","day":2}`), failed(`unknown argument 'day'; there are: city, days`)},
		{call("forecast", `[]`), `{"error":{"code":-32602,"message":"the arguments must be an object"}}`},
		{call("missing", `{}`), `{"error":{"code":-32602,"message":"there is no tool 'missing'"}}`},
		{call("all", all+`,"u":"s","a":[1]}`), text(`(1, 2.0, True, [1], {'k': 1.0}, None, 'a', <Color.RED: 'red'>, {'x': 1}, Box(size=1, inner=Box(size=2, inner=None)), 's', [1])`)},
		{call("all", strings.Replace(all, `[1]`, `[1,"2"]`, 1)+`}`), failed(`li[1] must be an integer, not \"2\"`)},
		{call("all", strings.Replace(all, `"red"`, `"green"`, 1)+`}`), failed(`color must be one of \"red\", \"blue\", not \"green\"`)},
		{call("all", strings.Replace(all, `{"x":1}`, `{"y":1}`, 1)+`}`), failed(`p.x is missing`)},
		{call("all", strings.Replace(all, `{"size":2}`, `{"size":2,"z":0}`, 1)+`}`), failed(`box.inner.z is unknown; Box has size, inner; or box.inner must be null, not {\"size\": 2, \"z\": 0}`)},
		{call("who", `{}`), text("guest POST")},
		{call("who", `{"env":1}`), failed("unknown argument 'env'; there are: none")},
		{call("boom", `{}`), failed("it broke")},
		{call("odd", `{}`), failed("returned object, which is no JSON")},
		{call("liar", `{}`), failed(`the result.x must be an integer, not \"one\"`)},
		{call("nothing", `{}`), `{"result":{"content":[],"isError":false}}`},
		{call("loose", `{"k":1}`), `{"result":{"content":[{"type":"text","text":"{\"k\": 1}"}],"structuredContent":{"k":1},"isError":false}}`},
		{call("box", `{}`), `{"result":{"content":[{"type":"text","text":"{\"size\": 1, \"inner\": {\"size\": 2, \"inner\": null}}"}],"structuredContent":{"size":1,"inner":{"size":2,"inner":null}},"isError":false}}`},
		{call("picture", `{}`), `{"result":{"content":[{"type":"image","data":"iVBORw0KGgouLi4=","mimeType":"image/png"},{"type":"text","text":"a picture"},{"type":"image","data":"eA==","mimeType":"image/avif"},` +
			`{"type":"resource","resource":{"uri":"data:","mimeType":"application/octet-stream","blob":"AA=="}}],"isError":false}}`},

		{`"resources/list"`, `{"result":{"resources":[{"uri":"config://app","name":"config"},{"uri":"pic://logo","name":"logo"},{"uri":"bad://it","name":"bad"}]}}`},
		{`"resources/templates/list"`, `{"result":{"resourceTemplates":[{"uriTemplate":"users://{id}","name":"user","description":"A user."},{"uriTemplate":"files://{+path}","name":"files","mimeType":"text/x-any"}]}}`},
		{`"resources/read","params":{"uri":"config://app"}`, `{"result":{"contents":[{"uri":"config://app","mimeType":"application/json","text":"{\"debug\": true}"}]}}`},
		{`"resources/read","params":{"uri":"users://6"}`, `{"result":{"contents":[{"uri":"users://6","mimeType":"text/plain","text":"user 7 of guest"}]}}`},
		{`"resources/read","params":{"uri":"users://x"}`, `{"error":{"code":-32602,"message":"user: id must be an integer, not \"x\""}}`},
		{`"resources/read","params":{"uri":"files://a/b%20c"}`, `{"result":{"contents":[{"uri":"files://a/b%20c","mimeType":"text/x-any","text":"a/b c"}]}}`},
		{`"resources/read","params":{"uri":"pic://logo"}`, `{"result":{"contents":[{"uri":"pic://logo","mimeType":"image/png","blob":"iVBORw0KGgouLi4="}]}}`},
		{`"resources/read","params":{"uri":"bad://it"}`, `{"error":{"code":-32603,"message":"bad: 'lost'"}}`},
		{`"resources/read","params":{"uri":"users://6/7"}`, `{"error":{"code":-32002,"message":"there is no resource users://6/7","data":{"uri":"users://6/7"}}}`},
		{`"resources/read","params":{}`, `{"error":{"code":-32602,"message":"uri must be a string"}}`},

		{`"prompts/list"`, `{"result":{"prompts":[{"name":"ask","description":"Asks.","arguments":[{"name":"topic","required":true},{"name":"tone","required":false},{"name":"n","required":false}]},{"name":"talk","arguments":[]}]}}`},
		{`"prompts/get","params":{"name":"ask","arguments":{"topic":"tea","n":"4"}}`, `{"result":{"description":"Asks.","messages":[{"role":"user","content":{"type":"text","text":"tea kind 5"}}]}}`},
		{`"prompts/get","params":{"name":"ask","arguments":{}}`, `{"error":{"code":-32602,"message":"ask: the argument 'topic' is missing"}}`},
		{`"prompts/get","params":{"name":"ask","arguments":{"topic":1}}`, `{"error":{"code":-32602,"message":"ask: topic must be a string"}}`},
		{`"prompts/get","params":{"name":"none"}`, `{"error":{"code":-32602,"message":"there is no prompt 'none'"}}`},
		{`"prompts/get","params":{"name":"talk"}`, `{"result":{"messages":[{"role":"user","content":{"type":"text","text":"hello"}},{"role":"assistant","content":{"type":"text","text":"hi"}},{"role":"user","content":{"type":"text","text":"bye"}}]}}`},
		{`"completion/complete","params":{"ref":{"type":"ref/prompt","name":"ask"},"argument":{"name":"tone","value":"k"}}`, `{"result":{"completion":{"values":["kind"],"total":1,"hasMore":false}}}`},
		{`"completion/complete","params":{"ref":{"type":"ref/other"},"argument":{"name":"tone","value":"k"}}`, `{"error":{"code":-32602,"message":"ref names no prompt and no resource template"}}`},
	} {
		r := rpc(t, w, `{"jsonrpc":"2.0","id":"i","method":`+c.request+`}`, runtime.Header{"MCP-Protocol-Version", "2025-11-25"})
		var got, want map[string]any
		if err := json.Unmarshal(r.Body, &got); err != nil || r.Status != 200 {
			t.Errorf("%s: %d %s, %v", c.request, r.Status, r.Body, err)
			continue
		}
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatalf("%s: %v", c.want, err)
		}
		want["jsonrpc"], want["id"] = "2.0", "i"
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.request, diff)
		}
	}
}

func TestMCPSchemas(t *testing.T) {
	var got struct {
		Result struct{ Tools []map[string]any }
	}
	r := rpc(t, mcpWorker(t), `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
	if err := json.Unmarshal(r.Body, &got); err != nil {
		t.Fatalf("%d %s: %v", r.Status, r.Body, err)
	}
	tools := map[string]map[string]any{}
	for _, tool := range got.Result.Tools {
		tools[tool["name"].(string)] = tool
	}
	for name, want := range map[string]string{
		"forecast": `{"name":"forecast","description":"The weather.","inputSchema":{"type":"object","required":["city"],"additionalProperties":false,
			"properties":{"city":{"type":"string","description":"where"},"days":{"type":"integer","default":3}}},
			"outputSchema":{"type":"object","additionalProperties":true}}`,
		"all": `{"name":"all","description":"Every kind.","inputSchema":{"type":"object","additionalProperties":false,
			"required":["i","f","b","li","d","o","lit","color","p","box"],
			"properties":{"i":{"type":"integer"},"f":{"type":"number"},"b":{"type":"boolean"},"li":{"type":"array","items":{"type":"integer"}},
				"d":{"type":"object","additionalProperties":{"type":"number"}},"o":{"anyOf":[{"type":"string"},{"type":"null"}]},
				"lit":{"enum":["a",1]},"color":{"type":"string","enum":["red","blue"]},"p":{"$ref":"#/$defs/Point"},"box":{"$ref":"#/$defs/Box"},
				"u":{"anyOf":[{"type":"integer"},{"type":"string"}],"default":0},"a":{}},
			"$defs":{"Point":{"type":"object","properties":{"x":{"type":"integer"},"label":{"type":"string"}},"required":["x"]},
				"Box":{"type":"object","properties":{"size":{"type":"integer"},"inner":{"anyOf":[{"$ref":"#/$defs/Box"},{"type":"null"}]}},"required":["size"]}}}}`,
		"who":   `{"name":"who","inputSchema":{"type":"object","properties":{},"additionalProperties":false}}`,
		"loose": `{"name":"loose","inputSchema":{"type":"object","properties":{}}}`,
	} {
		var wanted map[string]any
		if err := json.Unmarshal([]byte(want), &wanted); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wanted, tools[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestMCPTransport(t *testing.T) {
	w := mcpWorker(t)
	version := func(v string) []runtime.Header { return []runtime.Header{{"mcp-protocol-version", v}} }
	const ping = `{"jsonrpc":"2.0","id":1,"method":"ping"}`
	const pong = `{"jsonrpc": "2.0", "id": 1, "result": {}}`
	for _, c := range []struct {
		name, method, body string
		headers            []runtime.Header
		status             int
		want               string
	}{
		{"ping", "POST", ping, nil, 200, pong},
		{"with content type", "POST", ping, []runtime.Header{{"Content-Type", "application/json; charset=utf-8"}}, 200, pong},
		{"other content type", "POST", ping, []runtime.Header{{"Content-Type", "text/plain"}}, 415, "application/json"},
		{"notification", "POST", `{"jsonrpc":"2.0","method":"notifications/initialized"}`, nil, 202, ""},
		{"response", "POST", `{"jsonrpc":"2.0","id":1,"result":{}}`, nil, 202, ""},
		{"stream", "GET", "", nil, 405, "by POST"},
		{"end of session", "DELETE", "", nil, 405, "by POST"},
		{"no JSON", "POST", "{", nil, 400, `"code": -32700`},
		{"no UTF-8", "POST", "\"\xff\"", nil, 400, `"code": -32700`},
		{"deep", "POST", strings.Repeat("[", 200_000), nil, 400, `"code": -32700`},
		{"no object", "POST", `7`, nil, 400, `"code": -32600`},
		{"no version", "POST", `{"id":1,"method":"ping"}`, nil, 400, `"code": -32600`},
		{"null id", "POST", `{"jsonrpc":"2.0","id":null,"method":"ping"}`, nil, 400, `"code": -32600`},
		{"no method", "POST", `{"jsonrpc":"2.0","id":1}`, nil, 400, `"code": -32600`},
		{"batch", "POST", "[" + ping + `,{"jsonrpc":"2.0","method":"notifications/x"},{"jsonrpc":"2.0","id":2,"method":"x"}]`, version("2025-03-26"), 200, `[` + pong + `, {"jsonrpc": "2.0", "id": 2, "error": {"code": -32601,`},
		{"batch of notifications", "POST", `[{"jsonrpc":"2.0","method":"notifications/x"}]`, nil, 202, ""},
		{"empty batch", "POST", "[]", nil, 400, `"code": -32600`},
		{"long batch", "POST", "[1" + strings.Repeat(",1", 100) + "]", nil, 400, `"code": -32600`},
		{"initialize in a batch", "POST", `[{"jsonrpc":"2.0","id":1,"method":"initialize"}]`, nil, 400, "batch"},
		{"batch of a later version", "POST", "[" + ping + "]", version("2025-06-18"), 400, "no batches"},
		{"unknown version", "POST", ping, version("2099-01-01"), 400, `"supported": ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]`},
		{"unknown version offered", "POST", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2099-01-01"}}`, nil, 200, `"protocolVersion": "2025-11-25"`},
		{"wrong argument, older version", "POST", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"forecast","arguments":{"city":5}}}`, version("2025-06-18"), 200, `"error": {"code": -32602, "message": "forecast: city must be a string, not 5"}`},
	} {
		r := w.Do(t.Context(), &runtime.Request{Method: c.method, URL: "http://localhost/mcp", Body: []byte(c.body), Headers: c.headers})
		if r.Status != c.status || !strings.Contains(string(r.Body), c.want) || c.status == 202 && len(r.Body) > 0 || r.Error != nil {
			t.Errorf("%s: %d %.300s %v, want %d %s", c.name, r.Status, r.Body, r.Error, c.status, c.want)
		}
	}
	if r := rpc(t, w, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"boom"}}`); len(r.Logs) != 1 && !strings.Contains(string(r.Body), "it broke") {
		t.Errorf("logs %v", r.Logs)
	}
}

func TestMCPDefinitions(t *testing.T) {
	w := runtimetest.Worker(t, `
from pymode.mcp import MCP
def on_fetch(request, env):
    mcp = MCP("m")
    def f(a, b=1): pass
    def g(x: complex): pass
    def h(*args): pass
    try:
        return str(eval(request.text()))
    except Exception as e:
        return f"{type(e).__name__}: {e}"
`, nil)
	for code, want := range map[string]string{
		"MCP('')":                          "TypeError: an MCP server needs a name",
		"[mcp.tool(f), mcp.tool(f)]":       "ValueError: MCP server 'm' has a tool 'f' already",
		"mcp.tool(g)":                      "TypeError: g, parameter x: complex has no JSON schema",
		"mcp.tool(h)":                      "TypeError: h: *args has no name to be given by",
		"mcp.tool(5)":                      "TypeError: expected a function, not int",
		"mcp.resource('x')(f)":             "ValueError: 'x' is no URI: it must begin with a scheme, as config://app",
		"mcp.resource('x://{b}')(f)":       "ValueError: resource x://{b}: the template's variables are ['b'], the function's parameters ['a', 'b']",
		"mcp.resource('x://{a}/{c}')(f)":   "ValueError: resource x://{a}/{c}: the template's variables are ['a', 'c'], the function's parameters ['a', 'b']",
		"mcp.resource('x://{a}/{a}')(f)":   "ValueError: resource x://{a}/{a}: a occurs twice",
		"mcp.resource('x://{a')(f)":        "ValueError: resource x://{a: a variable is written {name}, {+name} or {name*}",
		"mcp.resource('x://{a}')(f) is f":  "True",
		"mcp.prompt(name='other')(f) is f": "True",
	} {
		if got := string(rpc(t, w, code).Body); got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
}
