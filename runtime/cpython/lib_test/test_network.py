"""Sockets and HTTP clients over the host."""

from __future__ import annotations

import json

from harness import GuestTest


class Sockets(GuestTest):
    """`socket` over the host's TCP; the host's double echoes in capitals."""

    def value(self, body: str) -> object:
        """Run statements in a booted guest and give what they left in `value`."""
        return self.script("import asyncio, errno, selectors, select, socket\n" + body)

    def test_connection(self) -> None:
        """Connect, send all, receive, close."""
        value = self.value(
            "with socket.create_connection(('example.com', 80), timeout=3) as s:\n"
            "    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)\n"
            "    s.sendall(b'hello there')\n"
            "    peeked = s.recv(5, socket.MSG_PEEK)\n"
            "    value = [peeked.decode(), s.recv(5).decode(), s.recv(100).decode(), s.getpeername()]\n"
            "value.append(s.fileno())\n"
        )
        self.assertEqual(value, ["HELLO", "HELLO", " THERE", ["example.com", 80], -1])

    def test_makefile(self) -> None:
        """Files over a connection, and what keeps it open."""
        value = self.value(
            "s = socket.create_connection(('h', 1))\n"
            "f = s.makefile('rwb')\n"
            "s.close()\n"
            "f.write(b'line 1\\nline 2\\n'); f.flush()\n"
            "value = [f.readline().decode(), f.readline().decode()]\n"
            "f.close()\n"
        )
        self.assertEqual(value, ["LINE 1\n", "LINE 2\n"])

    def test_timeouts(self) -> None:
        """Nothing to read: by timeout, at once, or as select says."""
        value = self.value(
            "value = []\n"
            "s = socket.create_connection(('h', 1), timeout=0.01)\n"
            "for seconds in (0.01, 0):\n"
            "    s.settimeout(seconds)\n"
            "    try: s.recv(1)\n"
            "    except OSError as error: value.append(type(error).__name__)\n"
            "value.append(select.select([s], [], [], 0)[0] == [])\n"
            "value.append(select.select([s], [s], [], 0)[1] == [s])\n"
            "s.sendall(b'x')\n"
            "value.append(select.select([s], [], [], 0)[0] == [s])\n"
            "value.append(s.recv(1).decode())\n"
        )
        self.assertEqual(value, ["TimeoutError", "BlockingIOError", True, True, True, "X"])

    def test_host_that_cannot_wait(self) -> None:
        """Without tcp.wait every connection counts as ready."""
        value = self.value(
            "s = socket.create_connection(('unwaited', 1), timeout=0.01)\n"
            "value = [s.recv(1).decode(), select.select([s], [], [], 0)[0] == [s]]\n"
        )
        self.assertEqual(value, ["", True])

    def test_errors(self) -> None:
        """Each failure is the exception that a socket raises."""
        cases = [
            ("socket.create_connection(('refused', 1))", "ConnectionRefusedError", "refused:1"),
            ("socket.create_connection(('broken', 1)).recv(1)", "ConnectionResetError", ""),
            ("socket.socket().recv(1)", "OSError", "not connected"),
            ("s = socket.socket(); s.close(); s.send(b'x')", "OSError", "Bad file descriptor"),
            ("socket.socket().listen()", "OSError", "outgoing TCP"),
            ("socket.socket(type=socket.SOCK_DGRAM)", "OSError", "outgoing TCP"),
            ("socket.socket(socket.AF_UNIX)", "OSError", "outgoing TCP"),
            ("socket.getaddrinfo('h', 'nope')", "gaierror", "Servname"),
            ("socket.getaddrinfo('h', 1, socket.AF_INET6)", "gaierror", "Address family"),
            ("socket.socket().connect(('h', 70000))", "OverflowError", "0-65535"),
        ]
        for statement, name, text in cases:
            with self.subTest(statement):
                value = self.value(
                    f"try:\n    {statement}\nexcept Exception as error: value = [type(error).__name__, str(error)]\n"
                )
                self.assertEqual(value[0], name)
                self.assertIn(text, value[1])

    def test_names(self) -> None:
        """Addresses and their packed forms."""
        value = self.value(
            "value = [\n"
            "    socket.getaddrinfo('example.com', 'https')[0][4],\n"
            "    socket.gethostbyname('example.com'), socket.inet_aton('1.2.3.4').hex(),\n"
            "    socket.inet_ntoa(b'\\x01\\x02\\x03\\x04'), socket.inet_pton(socket.AF_INET6, '::1').hex(),\n"
            "    socket.inet_ntop(socket.AF_INET6, bytes(15) + b'\\x01'), socket.htons(0x0102), socket.ntohl(1),\n"
            "]\n"
        )
        self.assertEqual(
            value,
            [
                ["example.com", 443],
                "example.com",
                "01020304",
                "1.2.3.4",
                "0" * 31 + "1",
                "::1",
                0x0201,
                1 << 24,
            ],
        )

    def test_streams(self) -> None:
        """asyncio's streams, with timers running beside them."""
        value = self.value(
            "async def main():\n"
            "    reader, writer = await asyncio.open_connection('example.com', 80)\n"
            "    writer.write(b'hello\\nworld\\n')\n"
            "    await writer.drain()\n"
            "    lines = [await reader.readline(), await asyncio.wait_for(reader.readline(), 5)]\n"
            "    try: await asyncio.wait_for(reader.read(1), 0.01)\n"
            "    except TimeoutError: lines.append(b'timeout')\n"
            "    ticks = []\n"
            "    asyncio.get_running_loop().call_later(0.005, lambda: writer.write(b'x'))\n"
            "    lines.append(await reader.readexactly(1))\n"
            "    writer.close(); await writer.wait_closed()\n"
            "    return [line.decode() for line in lines]\n"
            "value = asyncio.run(main())\n"
        )
        self.assertEqual(value, ["HELLO\n", "WORLD\n", "timeout", "X"])

    def test_tcp_module(self) -> None:
        """`pymode.tcp.connect` gives a socket."""
        value = self.value(
            "from pymode import tcp\ntcp.install()\n"
            "with tcp.connect('h', 5) as s:\n    s.sendall(b'a')\n    value = s.recv(5).decode()\n"
        )
        self.assertEqual(value, "A")


class HTTP(GuestTest):
    """HTTP clients; the host's double answers with a description of the request."""

    def value(self, body: str) -> object:
        """Run statements in a booted guest and give what they left in `value`."""
        return self.script("import json\nfrom pymode import http\n" + body)

    def test_fetch(self) -> None:
        """Method, headers and body as given; the response in every form."""
        value = self.value(
            "r = http.fetch('https://h/p?status=418', method='put', headers={'X-A': '1'}, body={'k': 1})\n"
            "value = [r.status, r.ok, r.headers.get_all('set-cookie'), r.json(), r.text() == r.read().decode()]\n"
        )
        status, ok, cookies, sent, same = value
        self.assertEqual((status, ok, cookies, same), (418, False, ["a=1", "b=2"], True))
        self.assertEqual(
            sent,
            {
                "url": "https://h/p?status=418",
                "method": "PUT",
                "body": '{"k": 1}',
                "headers": {"X-A": "1", "Content-Type": "application/json"},
            },
        )

    def test_short_forms(self) -> None:
        """get, post, repeated headers, requests as arguments."""
        value = self.value(
            "from pymode.workers import Request\n"
            "value = [http.get('http://h/', [('X', '1'), ('x', '2')]).json(), http.post('http://h/', 'text').json(),\n"
            "         http.fetch(Request('http://h/r', 'DELETE', {'X': 'y'})).json()]\n"
        )
        self.assertEqual(value[0]["headers"], [["X", "1"], ["x", "2"]])
        self.assertEqual((value[1]["method"], value[1]["body"]), ("POST", "text"))
        self.assertEqual((value[2]["url"], value[2]["method"]), ("http://h/r", "DELETE"))

    def test_no_response(self) -> None:
        """A host that got no response is an OSError in every client."""
        for statement in (
            "http.get('http://down/')",
            "import urllib.request; urllib.request.urlopen('http://down/')",
            "import http.client; c = http.client.HTTPSConnection('down'); c.request('GET', '/'); c.getresponse()",
        ):
            with self.subTest(statement):
                value = self.value(
                    f"try:\n    {statement}\nexcept OSError as error: value = str(error)\n"
                )
                self.assertIn("the host got no response to GET http", value)

    def test_urllib(self) -> None:
        """urllib.request, https included, error statuses too."""
        value = self.value(
            "import urllib.request, urllib.error\n"
            "request = urllib.request.Request('https://h:8443/p', b'a=1', {'X-A': 'b'})\n"
            "with urllib.request.urlopen(request, timeout=5) as r:\n"
            "    value = [r.status, r.headers.get_all('Set-Cookie'), json.loads(r.read())]\n"
            "try: urllib.request.urlopen('http://h/?status=404')\n"
            "except urllib.error.HTTPError as error: value.append([error.code, error.reason])\n"
        )
        self.assertEqual(value[0:2], [200, ["a=1", "b=2"]])
        self.assertEqual(
            (value[2]["url"], value[2]["method"], value[2]["body"]),
            ("https://h:8443/p", "POST", "a=1"),
        )
        self.assertEqual(value[2]["headers"]["X-A"], "b")
        self.assertNotIn("Content-Length", value[2]["headers"])
        self.assertEqual(value[3], [404, "Not Found"])

    def test_no_response_to_urllib(self) -> None:
        """urllib.request says it in its own way, and nothing is logged."""
        result = self.job(
            {
                "script": "import urllib.error, urllib.request, http.client\n"
                "try: urllib.request.urlopen('http://down/')\n"
                "except urllib.error.URLError as error: value = str(error.reason)\n"
                "c = http.client.HTTPConnection('down')\n"
                "c.request('POST', '/', iter([b'x']), encode_chunked=True)\n"
                "try: c.getresponse()\n"
                "except OSError as error: value += str(error)\n"
            }
        )
        self.assertEqual(
            result["value"],
            "the host got no response to GET http://down/"
            "the host got no response to POST http://down/",
        )
        self.assertEqual(result["calls"], [])

    def test_http_client(self) -> None:
        """One connection, several requests; chunked bodies; HEAD and 204."""
        value = self.value(
            "import http.client\n"
            "c = http.client.HTTPConnection('h', 81)\n"
            "value = []\n"
            "c.request('POST', '/a', body=iter([b'one ', b'two']), encode_chunked=True)\n"
            "value.append(json.loads(c.getresponse().read()))\n"
            "for method, path in (('HEAD', '/'), ('GET', '/?status=204'), ('GET', '/b')):\n"
            "    c.request(method, path); r = c.getresponse(); value.append([r.status, len(r.read()) > 0])\n"
        )
        self.assertEqual((value[0]["body"], value[0]["url"]), ("one two", "http://h:81/a"))
        self.assertEqual(value[1:], [[200, False], [204, False], [200, True]])

    def test_workers_fetch(self) -> None:
        """`workers.fetch` is a coroutine; its response can be awaited and returned."""
        answer = self.ask(
            """
            import asyncio
            from workers import Response, fetch
            async def on_fetch(request, env):
                one, two = await asyncio.gather(fetch("https://h/1"), fetch("https://h/2", method="POST"))
                data = await one.json()
                if data["url"] == "https://h/1" and two.status == 200:
                    return two
            """
        )
        self.assertEqual(answer.failure, None)
        self.assertEqual(json.loads(answer.text)["method"], "POST")


class Packages(GuestTest):
    """urllib3 and httpx, by packages that have their names and what is replaced of them."""

    def test_urllib3(self) -> None:
        """Its connections are exchanges, https by the port of the class."""
        answer = self.ask(
            """
            import json
            from urllib3 import connection

            def on_fetch(request, env):
                found = []
                for cls in (connection.HTTPConnection, connection.HTTPSConnection):
                    one = cls("h")
                    found.append(one.is_connected)
                    one.request("GET", "/p")
                    found.append(json.loads(one.getresponse().read())["url"])
                    found.append(one.is_connected)
                return found
            """,
            files={
                "site-packages/urllib3/__init__.py": "",
                "site-packages/urllib3/connection.py": """
                    import http.client

                    class HTTPConnection(http.client.HTTPConnection):
                        def connect(self):
                            raise AssertionError

                    class HTTPSConnection(HTTPConnection):
                        default_port = 443
                    """,
            },
        )
        self.assertEqual(
            json.loads(answer.text), [False, "http://h/p", True, False, "https://h/p", True]
        )

    def test_httpx(self) -> None:
        """Its transports answer with the host's response, or with its own error."""
        answer = self.ask(
            """
            import httpx
            from httpx._transports.default import AsyncHTTPTransport, HTTPTransport

            async def on_fetch(request, env):
                one = HTTPTransport().handle_request(httpx.Request("https://h/1"))
                two = await AsyncHTTPTransport().handle_async_request(httpx.Request("https://h/2"))
                try:
                    HTTPTransport().handle_request(httpx.Request("https://down/"))
                except httpx.ConnectError as error:
                    return [one.status, one.headers[1], one.stream, two.stream, str(error)]
            """,
            files={
                "site-packages/httpx/__init__.py": """
                    class Fields:
                        def multi_items(self): return [("host", "h"), ("x", "1")]

                    class Request:
                        method, headers, extensions = "GET", Fields(), {}
                        def __init__(self, url): self.url = url
                        def read(self): return b"sync"
                        async def aread(self): return b"async"

                    class Response:
                        def __init__(self, status, headers, stream):
                            self.status, self.headers, self.stream = status, headers, stream

                    ByteStream = bytes.decode

                    class ConnectError(Exception):
                        def __init__(self, text, request): super().__init__(text)
                    """,
                "site-packages/httpx/_transports/__init__.py": "",
                "site-packages/httpx/_transports/default.py": """
                    class HTTPTransport: pass
                    class AsyncHTTPTransport: pass
                    """,
            },
        )
        status, header, one, two, error = json.loads(answer.text)
        self.assertEqual((status, header), (200, ["Set-Cookie", "a=1"]))
        self.assertEqual(
            json.loads(one),
            {"url": "https://h/1", "method": "GET", "body": "sync", "headers": {"x": "1"}},
        )
        self.assertEqual(json.loads(two)["body"], "async")
        self.assertIn("the host got no response to GET https://down/", error)


class Absent(GuestTest):
    """Modules that the platform does not have."""

    def test_messages(self) -> None:
        """The ImportError names the module and says what to use instead."""
        cases = [
            ("import sqlite3", "sqlite3", "D1 binding"),
            ("import bz2", "bz2", "use zlib or gzip"),
            ("import fcntl", "fcntl", "sandbox"),
            ("import curses", "curses", "no terminal"),
            ("import tkinter", "tkinter", "no screen"),
            (
                "import multiprocessing; multiprocessing.Process(target=print).start()",
                "multiprocessing.popen_fork",
                "pymode.parallel",
            ),
            (
                "from multiprocessing import queues; queues.Queue; import _multiprocessing",
                "_multiprocessing",
                "pymode.parallel",
            ),
        ]
        for statement, name, reason in cases:
            with self.subTest(statement):
                value = self.script(
                    f"try: {statement}\n"
                    "except ModuleNotFoundError as error: value = [error.name, str(error)]\n"
                )
                self.assertEqual(value[0], name)
                self.assertIn(reason, value[1])

    def test_probing(self) -> None:
        """Asking whether a module is there is answered with no."""
        value = self.script(
            """
            import importlib.util
            value = [importlib.util.find_spec(n) is None for n in ("sqlite3", "bz2", "fcntl", "nothing")]
            try: import fcntl
            except ImportError: value.append(True)
            """
        )
        self.assertEqual(value, [True] * 5)

    def test_importable(self) -> None:
        """What packages import without using it can be imported."""
        value = self.script(
            """
            import multiprocessing, ssl, subprocess, concurrent.futures, tarfile, zipfile, shutil, smtplib
            value = []
            context = ssl.create_default_context()
            context.verify_mode = ssl.CERT_NONE
            context.load_verify_locations("x")
            assert issubclass(ssl.SSLError, OSError) and ssl.PROTOCOL_TLS_CLIENT and ssl.OP_NO_SSLv3
            for call in (lambda: subprocess.run(["ls"]), lambda: context.wrap_socket(None), lambda: ssl.MemoryBIO()):
                try: call()
                except OSError as error: value.append(str(error))
            """
        )
        self.assertIn("does not support processes", value[0])
        self.assertTrue(
            all("TLS is done by the host" in text for text in value[1:]) and len(value) == 3
        )
