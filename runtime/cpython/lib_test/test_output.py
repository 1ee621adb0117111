"""What user code prints and logs."""

from __future__ import annotations

from harness import GuestTest


class Output(GuestTest):
    """The entries that reach the host's log."""

    def logs(self, body: str) -> list[tuple[str, str]]:
        """Run statements in a handler and give the log entries."""
        lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
        answer = self.ask(
            "import io, logging, os, sys, warnings\n"
            f"def on_fetch(request, env):\n{lines}\n    return 'ok'\n"
        )
        self.assertEqual((answer.failure, answer.text), (None, "ok"))
        return answer.logs

    def test_printed(self) -> None:
        """One entry a line."""
        cases = [
            ("print('a', 1)", [("info", "a 1")]),
            ("print('a\\nb\\n\\nc')", [("info", text) for text in ("a", "b", "", "c")]),
            ("print('a', end=''); print('b')", [("info", "ab")]),
            ("print('partial', end='')", [("info", "partial")]),
            ("print('error', file=sys.stderr)", [("error", "error")]),
            ("print('a', end='', flush=True); print('b', flush=True)", [("info", "ab")]),
            ("sys.stdout.buffer.write('é\\n'.encode())", [("info", "é")]),
            (
                "sys.stdout.buffer.write(b'\\xc3'); sys.stdout.buffer.write(b'\\xa9')",
                [("info", "é")],
            ),
            ("sys.stdout.buffer.write(b'\\xc3')", [("info", "\N{REPLACEMENT CHARACTER}")]),
            ("sys.stdout.writelines(['a\\n', 'b\\n'])", [("info", "a"), ("info", "b")]),
            ("print('\\ud800')", [("info", "\\ud800")]),
            ("sys.__stdout__.write('x\\n')", [("info", "x")]),
            ("sys.stdout.close(); print('still')", [("info", "still")]),
        ]
        for body, logs in cases:
            with self.subTest(body):
                self.assertEqual(self.logs(body), logs)

    def test_stream(self) -> None:
        """The writers look like text files."""
        self.logs(
            """
assert sys.stdout.write("ab") == 2
assert not sys.stdout.isatty() and sys.stdout.writable() and not sys.stdout.readable()
assert sys.stdout.encoding == "utf-8" and sys.stdout.errors
sys.stdout.reconfigure(encoding="latin-1", line_buffering=True)
sys.stdout.flush()
for bad in (lambda: sys.stdout.fileno(), lambda: sys.stdout.read(), lambda: sys.stdout.detach()):
    try: bad()
    except io.UnsupportedOperation: pass
    else: raise AssertionError
try: sys.stdout.write(b"x")
except TypeError: pass
else: raise AssertionError
assert sys.stdin.read() == ""
"""
        )

    def test_long_lines(self) -> None:
        """A line without end comes in pieces, whatever the size of the writes."""
        for body in (
            "print('x' * 200_000)",
            "for _ in range(200_000): sys.stdout.write('x')",
            "for _ in range(4): sys.stdout.write('x' * 50_000)",
            "sys.stdout.buffer.write(b'x' * 200_000)",
        ):
            with self.subTest(body):
                logs = self.logs(body)
                self.assertEqual("".join(text for _, text in logs), "x" * 200_000)
                self.assertTrue(all(0 < len(text) <= 65536 for _, text in logs))
                self.assertLessEqual(len(logs), 8)

    def test_logging(self) -> None:
        """Records keep their level and come once, however logging was set up."""
        cases = [
            ("logging.info('i %d', 1)", [("info", "i 1")]),
            ("logging.debug('d')", []),
            ("logging.getLogger('a.b').warning('w')", [("warning", "w")]),
            (
                "logging.error('e\\nsecond'); logging.critical('c')",
                [("error", "e\nsecond"), ("critical", "c")],
            ),
            ("logging.basicConfig(level=logging.DEBUG); logging.debug('d')", [("debug", "d")]),
            ("logging.basicConfig(level='ERROR'); logging.warning('w')", []),
            (
                "logging.basicConfig(format='%(levelname)s|%(message)s'); logging.info('i')",
                [("info", "INFO|i")],
            ),
            (
                "logging.basicConfig(stream=sys.stdout, level=10); logging.debug('d')",
                [("debug", "DEBUG:root:d")],
            ),
            (
                "log = logging.getLogger('own'); log.addHandler(logging.StreamHandler()); log.warning('w')",
                [("warning", "w")],
            ),
            (
                "logging.basicConfig(level=10, force=True); logging.basicConfig(level=40); logging.debug('d')",
                [("debug", "d")],
            ),
            ("logging.getLogger().handlers.clear(); logging.warning('w')", [("warning", "w")]),
            (
                "s = io.StringIO(); h = logging.StreamHandler(s); logging.getLogger().addHandler(h);"
                "logging.info('i'); assert s.getvalue() == 'i\\n'",
                [("info", "i")],
            ),
        ]
        for body, logs in cases:
            with self.subTest(body):
                self.assertEqual(self.logs(body), logs)

    def test_logged_exception(self) -> None:
        """A logged exception is one entry with its traceback."""
        ((level, text),) = self.logs(
            "try: 1 / 0\nexcept ZeroDivisionError: logging.exception('oh')"
        )
        self.assertEqual(level, "error")
        self.assertTrue(text.startswith("oh\nTraceback"))
        self.assertTrue(text.endswith("ZeroDivisionError: division by zero"))

    def test_warnings(self) -> None:
        """Warnings are logged as such."""
        ((level, text),) = self.logs("warnings.warn('careful')")
        self.assertEqual(level, "warning")
        self.assertIn("UserWarning: careful", text)

    def test_os_write(self) -> None:
        """What goes to fd 1 directly comes before the response, never into it."""
        answer = self.ask(
            "import os\ndef on_fetch(request, env):\n    os.write(1, b'raw')\n    return 'ok'\n"
        )
        self.assertEqual((answer.before, answer.text), ("raw", "ok"))
