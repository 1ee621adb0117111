"""Exceptions: what the host is told, and what the client reads."""

from __future__ import annotations

from harness import GuestTest


class Failures(GuestTest):
    """Handlers that raise."""

    def test_traceback(self) -> None:
        """The user's frames only, files relative to the project."""
        answer = self.ask(
            """
            import json
            from lib.parse import parse

            def on_fetch(request, env):
                return parse("{")
            """,
            files={
                "lib/parse.py": """
                    import json

                    def parse(text):
                        return json.loads(text)  # here
                    """
            },
        )
        self.assertEqual(answer.status, 500)
        failure = answer.failure
        self.assertEqual(failure["kind"], "exception")
        self.assertTrue(failure["message"].startswith("json.decoder.JSONDecodeError: Expecting"))
        self.assertEqual(
            failure["traceback"],
            [
                {
                    "file": "src/entry.py",
                    "line": 6,
                    "function": "on_fetch",
                    "text": 'return parse("{")',
                },
                {
                    "file": "lib/parse.py",
                    "line": 5,
                    "function": "parse",
                    "text": "return json.loads(text)  # here",
                },
            ],
        )
        self.assertEqual(answer.header("content-type"), "text/plain; charset=utf-8")
        self.assertTrue(answer.text.startswith("Traceback (most recent call last):\n"))
        self.assertIn(
            '  File "src/entry.py", line 6, in on_fetch\n    return parse("{")', answer.text
        )
        self.assertNotIn("json/decoder.py", answer.text)
        self.assertNotIn("pymode", answer.text)

    def test_kinds(self) -> None:
        """What is raised decides on kind and status."""
        cases = [
            ("1 / 0", 500, "exception", "ZeroDivisionError: division by zero"),
            ("raise MemoryError", 500, "memory", "MemoryError"),
            ("raise pymode.CPUTimeExceeded('30 s')", 503, "cpu", "pymode.CPUTimeExceeded: 30 s"),
            ("sys.exit(3)", 500, "exception", "SystemExit: 3"),
            ("raise KeyboardInterrupt", 500, "exception", "KeyboardInterrupt"),
            ("raise GeneratorExit", 500, "exception", "GeneratorExit"),
            ("raise asyncio.CancelledError", 500, "exception", "asyncio.exceptions.CancelledError"),
            ("raise Own('x')", 500, "exception", "entry.Own: x"),
            ("raise StopIteration(5)", 500, "exception", "StopIteration"),
        ]
        for style in ("def", "async def"):
            for statement, status, kind, message in cases:
                with self.subTest(style=style, statement=statement):
                    answer = self.ask(
                        f"""
                        import asyncio, sys, pymode
                        class Own(Exception): pass
                        {style} on_fetch(request, env):
                            {statement}
                        """
                    )
                    self.assertEqual((answer.status, answer.failure["kind"]), (status, kind))
                    self.assertIn(message, answer.failure["message"])
                    self.assertEqual(answer.failure["traceback"][-1]["line"], 5)
                    self.assertEqual(answer.logs, [])

    def test_after_waiting(self) -> None:
        """An exception on a later turn of the event loop is the same."""
        for statement, status in (
            ("1 / 0", 500),
            ("sys.exit(1)", 500),
            ("raise pymode.CPUTimeExceeded", 503),
        ):
            with self.subTest(statement):
                answer = self.ask(
                    f"""
                    import asyncio, sys, pymode
                    async def deeper():
                        await asyncio.sleep(0.001)
                        {statement}
                    async def on_fetch(request, env):
                        await asyncio.gather(deeper(), asyncio.sleep(0))
                    """
                )
                self.assertEqual(answer.status, status)
                lines = [frame["line"] for frame in answer.failure["traceback"]]
                self.assertEqual(lines[-1], 5)
                self.assertEqual(answer.logs, [])

    def test_cpu_time_in_a_callback(self) -> None:
        """asyncio logs what callbacks raise; the end of the budget ends the request."""
        answer = self.ask(
            """
            import asyncio, pymode
            def burn():
                raise pymode.CPUTimeExceeded
            async def on_fetch(request, env):
                asyncio.get_running_loop().call_soon(burn)
                await asyncio.sleep(5)
            """
        )
        self.assertEqual((answer.status, answer.failure["kind"]), (503, "cpu"))

    def test_chain(self) -> None:
        """Causes, contexts and notes are in the text."""
        answer = self.ask(
            """
            def on_fetch(request, env):
                try:
                    {}["key"]
                except KeyError as error:
                    late = ValueError("bad input")
                    late.add_note("a note")
                    raise late from error
            """
        )
        self.assertIn("KeyError: 'key'", answer.text)
        self.assertIn("The above exception was the direct cause", answer.text)
        self.assertIn("ValueError: bad input\na note", answer.text)
        self.assertEqual(answer.failure["message"], "ValueError: bad input")

    def test_group(self) -> None:
        """A task group's exceptions are all shown, with user frames only."""
        answer = self.ask(
            """
            import asyncio
            async def one(): raise ValueError("one")
            async def two(): raise KeyError("two")
            async def on_fetch(request, env):
                async with asyncio.TaskGroup() as group:
                    group.create_task(one())
                    group.create_task(two())
            """
        )
        self.assertIn(
            "ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)",
            answer.failure["message"],
        )
        self.assertIn("ValueError: one", answer.text)
        self.assertIn("KeyError: 'two'", answer.text)
        self.assertNotIn("taskgroups.py", answer.text)

    def test_hostile_exceptions(self) -> None:
        """An exception whose methods raise, or whose text is endless, does no harm."""
        cases = [
            ("def __str__(self): raise RuntimeError", "entry.Bad: <exception str() failed>"),
            ("def __str__(self): return self.__str__()", "entry.Bad: <exception str() failed>"),
            ("def __str__(self): return 'x' * 10_000_000", "entry.Bad: xxx"),
            ("__notes__ = property(lambda self: 1 / 0)", "entry.Bad"),
            ("__str__ = None", "entry.Bad"),
        ]
        for method, message in cases:
            with self.subTest(method):
                answer = self.ask(
                    f"""
                    class Bad(Exception):
                        {method}
                    def on_fetch(request, env):
                        raise Bad
                    """
                )
                self.assertEqual(answer.status, 500)
                self.assertTrue(
                    answer.failure["message"].startswith(message), answer.failure["message"][:100]
                )
                self.assertLessEqual(len(answer.failure["message"]), 2048)
                self.assertLess(len(answer.body), 200_000)

    def test_recursion(self) -> None:
        """A thousand frames are cut, and told in short."""
        answer = self.ask(
            """
            def on_fetch(request, env):
                return on_fetch(request, env)
            """
        )
        self.assertIn("RecursionError", answer.failure["message"])
        self.assertLessEqual(len(answer.failure["traceback"]), 64)
        self.assertIn("[Previous line repeated", answer.text)

    def test_wrong_arguments(self) -> None:
        """A handler that can't be called has no user frames; the runtime's are not shown."""
        answer = self.ask("def on_fetch(request, env, *, must): return 'x'")
        self.assertIn("missing 1 required keyword-only argument: 'must'", answer.failure["message"])
        self.assertEqual(answer.failure["traceback"], [])

    def test_syntax_error_at_run_time(self) -> None:
        """A module that is imported in the handler and does not parse."""
        answer = self.ask(
            "def on_fetch(request, env):\n    import broken\n",
            files={"src/broken.py": "x = 1\ny = (\n"},
        )
        self.assertEqual(answer.failure["kind"], "exception")
        self.assertEqual(answer.failure["message"], "SyntaxError: '(' was never closed")
        self.assertEqual(
            answer.failure["traceback"][-1],
            {"file": "src/broken.py", "line": 2, "function": "<module>", "text": "y = ("},
        )

    def test_real_memory_error(self) -> None:
        """An allocation that fails is a failure of kind memory."""
        answer = self.ask("def on_fetch(request, env): return b'x' * (1 << 60)")
        self.assertEqual((answer.status, answer.failure["kind"]), (500, "memory"))
