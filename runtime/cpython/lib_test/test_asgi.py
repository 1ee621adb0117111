"""ASGI applications as workers."""

from __future__ import annotations

import json

from harness import Answer, GuestTest, request

WORKER = "from pymode import asgi\nasync def on_fetch(request, env):\n    return await asgi.fetch(app, request, env)\n"


class Asgi(GuestTest):
    """`pymode.asgi` with applications that are written here, by the protocol."""

    def serve(self, app: str, sent: str = "") -> Answer:
        """Let an application, the body of `app(scope, receive, send)`, answer."""
        lines = "\n".join(f"    {line}" for line in app.strip("\n").splitlines())
        code = f"import asyncio, json\nevents = []\nasync def app(scope, receive, send):\n{lines}\n{WORKER}"
        return self.ask(code, sent or request())

    ECHO = """
if scope["type"] != "http": raise ValueError(scope["type"])
message = await receive()
shown = {k: v for k, v in scope.items() if k in ("method", "path", "scheme", "server", "http_version")}
for k in ("raw_path", "query_string"): shown[k] = scope[k].decode()
shown["headers"] = [[n.decode(), v.decode()] for n, v in scope["headers"]]
shown["body"], shown["env"] = message["body"].decode(), scope["env"].NAME
await send({"type": "http.response.start", "status": 201, "headers": [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=\\xe9")]})
text = json.dumps(shown).encode()
await send({"type": "http.response.body", "body": text[:9], "more_body": True})
await send({"type": "http.response.body", "body": text[9:]})
assert (await receive())["type"] == "http.disconnect"
"""

    def test_request_and_response(self) -> None:
        """Everything of a request reaches the application, and all that it sends the client."""
        sent = request(
            "POST",
            "https://example.org/a%20b/%C3%A9?x=1%202",
            [["X-Name", "Ada"], ["x-name", "é"]],
            b"hello",
            {"NAME": {"kind": "var", "value": "shop"}},
        )
        answer = self.serve(self.ECHO, sent)
        self.assertIsNone(answer.failure)
        self.assertEqual(answer.status, 201)
        self.assertEqual(answer.headers, [["set-cookie", "a=1"], ["set-cookie", "b=é"]])
        self.assertEqual(
            json.loads(answer.body),
            {
                "method": "POST",
                "path": "/a b/é",
                "raw_path": "/a%20b/%C3%A9",
                "query_string": "x=1%202",
                "scheme": "https",
                "server": ["example.org", 443],
                "http_version": "1.1",
                "headers": [["x-name", "Ada"], ["x-name", "é"]],
                "body": "hello",
                "env": "shop",
            },
        )
        self.assertEqual(answer.logs, [])

    def test_lifespan(self) -> None:
        """An application is started before the request and shut down after it."""
        answer = self.serve("""
if scope["type"] == "lifespan":
    events.append((await receive())["type"])
    scope["state"]["db"] = "open"
    await send({"type": "lifespan.startup.complete"})
    events.append((await receive())["type"])
    print(events)
    await send({"type": "lifespan.shutdown.complete"})
else:
    events.append(scope["state"]["db"])
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"ok"})
""")
        self.assertEqual((answer.status, answer.text), (200, "ok"))
        self.assertEqual(
            answer.logs, [("info", "['lifespan.startup', 'open', 'lifespan.shutdown']")]
        )

    def test_failures(self) -> None:
        """What an application does wrong is said."""
        http = 'if scope["type"] == "lifespan": return\n'
        start = 'await send({"type": "http.response.start", "status": 200})\n'
        for app, message in {
            http + "1 / 0": "ZeroDivisionError: division by zero",
            http: "RuntimeError: the application returned, and has sent no response",
            http
            + start: "RuntimeError: the application returned, and has sent only a part of its response",
            http
            + start
            + start: "RuntimeError: the application sent 'http.response.start' where that can't be",
            'await send({"type": "lifespan.startup.failed", "message": "no database"}); raise ValueError': (
                "RuntimeError: the application's startup failed: no database"
            ),
        }.items():
            with self.subTest(message):
                answer = self.serve(app)
                self.assertEqual(answer.status, 500)
                assert answer.failure is not None
                self.assertEqual(answer.failure["message"], message)
                self.assertEqual(answer.logs, [])

    def test_as_cloudflare_has_it(self) -> None:
        """A worker that is written for Cloudflare's runtime runs unchanged."""
        answer = self.ask(
            "from workers import WorkerEntrypoint\nimport asgi\n"
            "async def app(scope, receive, send):\n"
            "    await send({'type': 'http.response.start', 'status': 200})\n"
            "    await send({'type': 'http.response.body', 'body': scope['path'].encode()})\n"
            "class Default(WorkerEntrypoint):\n"
            "    async def fetch(self, request):\n"
            "        return await asgi.fetch(app, request.js_object, self.env)\n"
        )
        self.assertEqual((answer.status, answer.text), (200, "/"))
