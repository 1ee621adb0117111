"""Loading a worker: its handler, and why there is none."""

from __future__ import annotations

from harness import GuestTest, request


class Handlers(GuestTest):
    """The forms of a handler."""

    def test_forms(self) -> None:
        """Functions of one to three arguments, coroutines, classes."""
        cases = {
            "on_fetch": "def on_fetch(request, env): return f'{request.path} {env.GREETING}'",
            "coroutine": "async def on_fetch(request, env): return f'{request.path} {env.GREETING}'",
            "fetch": "def fetch(request, env): return f'{request.path} {env.GREETING}'",
            "context": "def on_fetch(r, env, ctx): return f'{r.path} {env.GREETING}' if ctx else ''",
            "default": "def on_fetch(r, env=None): return f'{r.path} {env.GREETING}'",
            "request": "from workers import env\ndef on_fetch(request): return f'{request.path} {env.GREETING}'",
            "star": "def on_fetch(*a): return f'{a[0].path} {a[1].GREETING}'",
            "decorated": "from workers import handler\n@handler\ndef on_fetch(r, env): return f'{r.path} {env.GREETING}'",
            "lambda": "on_fetch = lambda r, env: f'{r.path} {env.GREETING}'",
            "object": "class H:\n def __call__(self, r, env): return f'{r.path} {env.GREETING}'\non_fetch = H()",
            "class": """
                from workers import WorkerEntrypoint, Response, fetch
                class Default(WorkerEntrypoint):
                    async def fetch(self, request):
                        assert self.ctx is not None
                        return Response(f'{request.path} {self.env.GREETING}')
                """,
            "class with env": """
                from workers import WorkerEntrypoint
                class Default(WorkerEntrypoint):
                    def fetch(self, request, env, ctx):
                        return f'{request.path} {env.GREETING}'
                """,
        }
        env = {"GREETING": {"kind": "var", "value": "hi"}}
        document = request(url="http://127.0.0.1/p?q", env=env)
        for name, entry in cases.items():
            with self.subTest(name):
                answer = self.ask(entry, document, env=env)
                self.assertEqual((answer.failure, answer.text), (None, "/p hi"))

    def test_wait_until(self) -> None:
        """What is given to wait_until ends before the instance does."""
        answer = self.ask(
            """
            import asyncio
            async def later():
                await asyncio.sleep(0.001)
                print("later")
            def on_fetch(request, env, ctx):
                ctx.waitUntil(later())
                return "now"
            """
        )
        self.assertEqual((answer.text, answer.logs), ("now", [("info", "later")]))

    def test_requests_share_nothing(self) -> None:
        """Each request starts from the state of the import, with its own randomness."""
        loaded = self.load(
            """
            import random
            seen = []
            def on_fetch(request, env):
                seen.append(1)
                return f"{len(seen)} {random.random()}"
            """,
            request(),
            request(),
        )
        first, second = (answer.text.split() for answer in loaded.answers)
        self.assertEqual((first[0], second[0]), ("1", "1"))
        self.assertNotEqual(first[1], second[1])

    def test_env(self) -> None:
        """Variables keep their type, secrets are text, what is missing says what there is."""
        env = {
            "LIMIT": {"kind": "var", "value": 5},
            "TOKEN": {"kind": "secret", "value": "s3cret"},
            "CACHE_KV": {"kind": "kv"},
        }
        answer = self.ask(
            """
            def on_fetch(request, env):
                try:
                    env.NOPE
                except AttributeError as error:
                    missing = str(error)
                return [env.LIMIT, env["TOKEN"], env.get("NOPE"), repr(env), repr(env.CACHE_KV), missing]
            """,
            request(env=env),
        )
        self.assertEqual(
            answer.text,
            '[5, "s3cret", null, "<Env LIMIT, TOKEN, CACHE_KV>", "<KV CACHE_KV>", '
            '"env has no NOPE; it has CACHE_KV, LIMIT, TOKEN"]',
        )


class ImportFailures(GuestTest):
    """Workers that can't be loaded."""

    def fails(self, entry: str, **options: object) -> dict[str, object]:
        """Load a worker that can't be, and give the failure."""
        loaded = self.load(entry, **options)
        self.assertFalse(loaded.ok)
        self.assertIsNotNone(loaded.failure)
        return loaded.failure

    def test_no_handler(self) -> None:
        """The message names the file and what is wrong with it."""
        cases = [
            (
                "x = 1",
                "src/entry.py defines no on_fetch(request, env), fetch or class Default(WorkerEntrypoint)",
            ),
            ("from workers import fetch", "src/entry.py defines no on_fetch"),
            ("on_fetch = 5", "on_fetch in src/entry.py is no function but int"),
            ("def on_fetch(): pass", "on_fetch in src/entry.py takes no arguments"),
            ("class Default: pass", "class Default in src/entry.py has no method fetch"),
            ("Default = 5", "Default in src/entry.py is no class but int"),
        ]
        for entry, message in cases:
            with self.subTest(entry):
                failure = self.fails(entry)
                self.assertEqual(failure["kind"], "import")
                self.assertIn(message, failure["message"])

    def test_raises(self) -> None:
        """An exception at import has its frames, down to the module that raised."""
        failure = self.fails("import other", files={"src/other.py": "\nvalue = 1 / 0\n"})
        self.assertEqual(
            (failure["kind"], failure["message"]), ("import", "ZeroDivisionError: division by zero")
        )
        self.assertEqual(
            failure["traceback"],
            [
                {"file": "src/entry.py", "line": 1, "function": "<module>", "text": "import other"},
                {
                    "file": "src/other.py",
                    "line": 2,
                    "function": "<module>",
                    "text": "value = 1 / 0",
                },
            ],
        )

    def test_syntax_error(self) -> None:
        """The place of a syntax error is the last frame, with await in the source or not."""
        for first in ("x = 1", "async def f(): await g()"):
            with self.subTest(first):
                failure = self.fails(f"{first}\ndef on_fetch(request, env)\n    pass\n")
                self.assertEqual(
                    (failure["kind"], failure["message"]), ("import", "SyntaxError: expected ':'")
                )
                self.assertEqual(
                    failure["traceback"],
                    [
                        {
                            "file": "src/entry.py",
                            "line": 2,
                            "function": "<module>",
                            "text": "def on_fetch(request, env)",
                        }
                    ],
                )

    def test_exit(self) -> None:
        """SystemExit does not end the runtime."""
        failure = self.fails("import sys; sys.exit(2)")
        self.assertEqual(
            (failure["kind"], failure["message"]),
            ("import", "SystemExit: 2 was raised while entry.py was imported"),
        )

    def test_missing_module(self) -> None:
        """A module that is not there is named."""
        failure = self.fails("import nothing_of_that_name")
        self.assertEqual(
            failure["message"], "ModuleNotFoundError: No module named 'nothing_of_that_name'"
        )

    def test_limits(self) -> None:
        """Budgets that end during the import have their own kinds."""
        self.assertEqual(self.fails("import pymode\nraise pymode.CPUTimeExceeded")["kind"], "cpu")
        self.assertEqual(self.fails("raise MemoryError")["kind"], "memory")

    def test_output_of_the_import(self) -> None:
        """What the import prints is logged, an unfinished line too."""
        loaded = self.load("print('a', end='')\ndef on_fetch(r, env): pass")
        self.assertEqual((loaded.ok, loaded.logs), (True, [("info", "a")]))

    def test_open_file(self) -> None:
        """A file that stays open is warned of."""
        loaded = self.load(
            """
            import pathlib, socket
            data = open(pathlib.Path(__file__))
            closed = open(__file__).close()
            connection = socket.create_connection(("db", 5432))
            def on_fetch(request, env): pass
            """
        )
        warnings = [call["args"]["text"] for call in loaded.calls if call["op"] == "warning"]
        self.assertTrue(loaded.ok, loaded.failure)
        self.assertEqual(len(warnings), 2, warnings)
        self.assertIn("the file src/entry.py was left open", " ".join(warnings))
        self.assertIn("a socket was left open", " ".join(warnings))
