"""What a handler may return, and what becomes of it."""

from __future__ import annotations

import json

from harness import GuestTest, request


class Responses(GuestTest):
    """Every kind of return value, in one worker that returns what the path says."""

    def returned(self, expression: str) -> object:
        """Answer with the value of an expression."""
        return self.ask(
            f"""
            import datetime, http
            from pymode.workers import Headers, Response

            class Thing: pass

            def on_fetch(request, env):
                return {expression}
            """
        )

    def test_converted(self) -> None:
        """Each kind of value has its status, its content type and its bytes."""
        text, octets, js = (
            "text/plain; charset=utf-8",
            "application/octet-stream",
            "application/json",
        )
        cases = [
            ("'héllo'", 200, text, "héllo".encode()),
            ("b'\\x00\\xff'", 200, octets, b"\x00\xff"),
            ("bytearray(b'ab')", 200, octets, b"ab"),
            ("memoryview(b'ab')", 200, octets, b"ab"),
            ("{'a': [1, None]}", 200, js, b'{"a": [1, null]}'),
            ("[1, 'é']", 200, js, b'[1, "\\u00e9"]'),
            ("None", 204, None, b""),
            ("('made', 201)", 201, text, b"made"),
            ("({'e': 1}, 404)", 404, js, b'{"e": 1}'),
            ("(None, 202)", 202, None, b""),
            ("('dropped', 304)", 304, text, b""),
            ("('x', http.HTTPStatus.IM_A_TEAPOT)", 418, text, b"x"),
            ("Response('x', 203)", 203, text, b"x"),
            ("Response(b'x')", 200, octets, b"x"),
            ("Response({'a': 1}, status=201)", 201, js, b'{"a": 1}'),
            ("Response(None, 204)", 204, None, b""),
            ("Response.json('text')", 200, js, b'"text"'),
            ("Response.json([1], status=400, headers={'Content-Type': 'a/b'})", 400, "a/b", b"[1]"),
            ("Response('<p>', headers={'content-type': 'text/html'})", 200, "text/html", b"<p>"),
        ]
        for expression, status, content_type, body in cases:
            with self.subTest(expression):
                answer = self.returned(expression)
                self.assertIsNone(answer.failure)
                self.assertEqual(
                    (answer.status, answer.header("content-type"), answer.body),
                    (status, content_type, body),
                )

    def test_redirect(self) -> None:
        """A redirect has a Location and no body."""
        answer = self.returned("Response.redirect('/there', 307)")
        self.assertEqual(
            (answer.status, answer.headers, answer.body), (307, [["Location", "/there"]], b"")
        )

    def test_headers_repeat(self) -> None:
        """Fields keep order, case and repeats; numbers become text."""
        answer = self.returned(
            "Response('', headers=[('Set-Cookie', 'a=1'), ('X-One', 1), ('Set-Cookie', 'b=2')])"
        )
        self.assertEqual(
            answer.headers[:3], [["Set-Cookie", "a=1"], ["X-One", "1"], ["Set-Cookie", "b=2"]]
        )

    def test_refused(self) -> None:
        """What can't be sent is a 500 that says why."""
        cases = [
            ("42", "on_fetch returned an int"),
            ("Thing()", "on_fetch returned a Thing"),
            ("(1, 2, 3)", "no (body, status) pair: (int, int, int)"),
            ("('x', '200')", "no (body, status) pair: (str, str)"),
            ("('x', True)", "no (body, status) pair"),
            ("(object(), 200)", "on_fetch returned an object"),
            ("{'a': datetime.date.min}", "is no JSON: Object of type date"),
            ("'\\ud800'", "is no UTF-8"),
            ("('x', 101)", "the status is 101"),
            ("('x', 600)", "the status is 600"),
            ("Response('x', 'ok')", "the status is 'ok'"),
            ("Response('', headers={'X-A': 'a\\r\\nX-B: b'})", "the header X-A holds a line break"),
            ("Response('', headers={'X-A': '\\x07'})", "the header X-A holds a control character"),
            ("Response('', headers={'X-A': '\\u20ac'})", "'\\u20ac', which is no Latin-1"),
            ("Response('', headers={'X A': 'b'})", "'X A' is no name of a header"),
            ("Response('', headers={'': 'b'})", "'' is no name of a header"),
            ("Response('', headers={'X-A': None})", "the header X-A is no str but a NoneType"),
        ]
        for expression, message in cases:
            with self.subTest(expression):
                answer = self.returned(expression)
                self.assertEqual(answer.status, 500)
                self.assertEqual(answer.failure["kind"], "protocol")
                self.assertIn(message, answer.failure["message"])
                self.assertIn(message, answer.text)

    def test_warm_up(self) -> None:
        """A warm-up request is answered without the handler."""
        warm = request(headers=[["x-pymode-WARMUP", "1"]])
        answer = self.ask("def on_fetch(request, env): print('called')", warm)
        self.assertEqual((answer.status, answer.body, answer.calls), (204, b"", []))

    def test_large_bodies(self) -> None:
        """Megabytes come in and go out as they are."""
        body = bytes(range(256)) * 8192
        answer = self.ask("def on_fetch(r, env): return r.bytes()[::-1]", request(body=body))
        self.assertEqual(answer.body, body[::-1])


class Requests(GuestTest):
    """What a handler reads from its request."""

    ENTRY = """
        def on_fetch(request, env):
            return {expression}
        """

    def read(self, expression: str, document: str) -> object:
        """Give the JSON value of an expression over `request`."""
        return json.loads(
            self.ask(self.ENTRY.replace("{expression}", f"[{expression}]"), document).body
        )[0]

    def test_parts(self) -> None:
        """URL, headers and body in all their forms."""
        document = request(
            "PUT",
            "http://127.0.0.1:8787/a%20b/c?x=1&x=2&empty=&y=%C3%A9",
            [
                ["Accept", "a"],
                ["accept", "b"],
                ["X-Token", "t"],
                ["Content-Type", "text/plain; charset=latin-1"],
            ],
            "é".encode("latin-1"),
        )
        cases = [
            ("request.method", "PUT"),
            ("request.url", "http://127.0.0.1:8787/a%20b/c?x=1&x=2&empty=&y=%C3%A9"),
            ("request.path", "/a%20b/c"),
            ("request.query", {"x": ["1", "2"], "y": ["é"]}),
            ("request.headers['X-TOKEN']", "t"),
            ("request.headers.get('accept')", "a, b"),
            ("request.headers.get_all('Accept')", ["a", "b"]),
            ("request.headers.get('none', 'd')", "d"),
            ("'x-token' in request.headers", True),
            ("list(request.headers)", ["Accept", "X-Token", "Content-Type"]),
            ("dict(request.headers)['Accept']", "a, b"),
            ("len(request.headers.items())", 4),
            ("request.text()", "é"),
            ("list(request.bytes())", [0xE9]),
        ]
        for expression, value in cases:
            with self.subTest(expression):
                self.assertEqual(self.read(expression, document), value)

    def test_json(self) -> None:
        """A JSON body is data; a broken one raises in the handler."""
        self.assertEqual(self.read("request.json()", request(body=b'{"a": 1}')), {"a": 1})
        answer = self.ask("def on_fetch(request, env): return request.json()", request(body=b"{"))
        self.assertEqual(answer.failure["kind"], "exception")
        self.assertIn("JSONDecodeError", answer.failure["message"])

    def test_urlencoded_form(self) -> None:
        """A form's fields, repeated ones too."""
        document = request(
            headers=[["Content-Type", "application/x-www-form-urlencoded"]],
            body=b"a=1&b=x+y&a=2&c=",
        )
        self.assertEqual(
            self.read("[request.form(), request.form().get_all('a')]", document),
            [{"a": "1", "b": "x y", "c": ""}, ["1", "2"]],
        )

    def test_multipart_form(self) -> None:
        """Fields and files, with line breaks in them."""
        body = (
            b'preamble\r\n--B\r\nContent-Disposition: form-data; name="t"\r\n\r\nline 1\r\nline 2\r\n'
            b'--B\r\ncontent-disposition: form-data; name=f; filename="a \\"b\\".bin"\r\n'
            b"Content-Type: image/png\r\n\r\n\x00\r\n\xff\r\n--B--\r\n"
        )
        document = request(
            headers=[["Content-Type", 'multipart/form-data; boundary="B"']], body=body
        )
        self.assertEqual(
            self.read(
                "[(f := request.form())['t'], f['f'].filename, f['f'].content_type, list(f['f'])]",
                document,
            ),
            ["line 1\r\nline 2", 'a "b".bin', "image/png", [0, 13, 10, 255]],
        )

    def test_broken_forms(self) -> None:
        """What is no form raises a ValueError that says so."""
        multipart = "multipart/form-data; boundary=B"
        cases = [
            ("text/plain", b"a=1", "the body is no form"),
            ("multipart/form-data", b"", "without a boundary"),
            (multipart, b"", "the boundary does not occur"),
            (multipart, b"--B\r\n", "ends before its last boundary"),
            (multipart, b"--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx", "ends before"),
            (multipart, b"--B\r\n\r\nx\r\n--B--", "has no name"),
            (multipart, b"--B\r\nx\r\n--B--", "no end of its headers"),
        ]
        for content_type, body, message in cases:
            with self.subTest(content_type=content_type, body=body):
                document = request(headers=[["Content-Type", content_type]], body=body)
                answer = self.ask("def on_fetch(request, env): return request.form()", document)
                self.assertIn("ValueError", answer.failure["message"])
                self.assertIn(message, answer.failure["message"])
