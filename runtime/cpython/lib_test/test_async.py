"""asyncio in a handler."""

from __future__ import annotations

from harness import GuestTest


class Async(GuestTest):
    """The event loop."""

    def value(self, body: str, style: str = "async def") -> str:
        """Run statements in a handler and give the text that it returned."""
        lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
        answer = self.ask(
            "import asyncio, concurrent.futures, contextvars, threading, time\n"
            f"{style} on_fetch(request, env):\n{lines}\n"
        )
        self.assertIsNone(answer.failure, answer.text)
        self.assertEqual(answer.logs, [])
        return answer.text

    def test_works(self) -> None:
        """What asyncio offers to code that needs no thread and no process."""
        cases = {
            "sleep": "t = time.monotonic(); await asyncio.sleep(0.02); return str(time.monotonic() - t >= 0.02)",
            "gather": "return str(await asyncio.gather(asyncio.sleep(0.01, 1), asyncio.sleep(0, 2)) == [1, 2])",
            "to_thread": "return str(await asyncio.to_thread(lambda a, b=0: a + b, 1, b=2) == 3)",
            "executor": (
                "loop = asyncio.get_running_loop()\n"
                "pool = concurrent.futures.ThreadPoolExecutor()\n"
                "return str(await loop.run_in_executor(pool, int, '3') == await loop.run_in_executor(None, int, '3'))"
            ),
            "executor raises": (
                "try: await asyncio.to_thread(int, 'x')\nexcept ValueError: return 'True'"
            ),
            "timeout": (
                "try:\n  async with asyncio.timeout(0.01): await asyncio.sleep(5)\n"
                "except TimeoutError: return 'True'"
            ),
            "wait_for": "try: await asyncio.wait_for(asyncio.sleep(5), 0.01)\nexcept TimeoutError: return 'True'",
            "queue": (
                "q = asyncio.Queue(1)\n"
                "async def put():\n  for i in range(3): await q.put(i)\n"
                "t = asyncio.create_task(put())\n"
                "got = [await q.get() for _ in range(3)]; await t\n"
                "return str(got == [0, 1, 2])"
            ),
            "event": (
                "e = asyncio.Event(); asyncio.get_running_loop().call_later(0.01, e.set)\n"
                "return str(await e.wait())"
            ),
            "group": (
                "async with asyncio.TaskGroup() as g: t = g.create_task(asyncio.sleep(0, 5))\n"
                "return str(t.result() == 5)"
            ),
            "threadsafe": (
                "f = asyncio.get_running_loop().create_future()\n"
                "asyncio.get_running_loop().call_soon_threadsafe(f.set_result, 1)\n"
                "return str(await f == 1)"
            ),
            "as_completed": (
                "return str([await f async for f in asyncio.as_completed([asyncio.sleep(0, 1)])] == [1])"
            ),
            "current_task": "return str(asyncio.current_task() is not None)",
            "stop": "asyncio.get_running_loop().stop(); await asyncio.sleep(0); return 'True'",
            "signal": (
                "try: asyncio.get_running_loop().add_signal_handler(2, print)\n"
                "except NotImplementedError: return 'True'"
            ),
            "subprocess": (
                "try: await asyncio.create_subprocess_exec('ls')\n"
                "except NotImplementedError: return 'True'"
            ),
            "generator": (
                "async def gen():\n  try: yield 1\n  finally: await asyncio.sleep(0)\n"
                "async for x in gen(): break\nreturn str(x == 1)"
            ),
            "return awaitable": (
                "v = contextvars.ContextVar('v'); v.set(1)\n"
                "async def inner(): return v.get()\n"
                "return str(await asyncio.create_task(inner()) == 1)"
            ),
        }
        for name, body in cases.items():
            with self.subTest(name):
                self.assertEqual(self.value(body), "True")

    def test_plain_values(self) -> None:
        """await, gather, wait_for and create_task take plain values."""
        cases = {
            "await": "return str((await 5, await None, await 'x') == (5, None, 'x'))",
            "gather": "return str(await asyncio.gather(1, None, asyncio.sleep(0, 2)) == [1, None, 2])",
            "wait_for": "return str(await asyncio.wait_for(5, 1) == 5)",
            "task": "return str(await asyncio.create_task(7) == 7)",
            "shield": "return str(await asyncio.shield('s') == 's')",
        }
        for name, body in cases.items():
            with self.subTest(name):
                self.assertEqual(self.value(body), "True")

    def test_in_sync_handlers(self) -> None:
        """asyncio.run and loops of one's own work where no loop runs."""
        cases = {
            "run": "return str(asyncio.run(asyncio.sleep(0.001, 5)) == 5 == asyncio.run(asyncio.sleep(0, 5)))",
            "runner": (
                "with asyncio.Runner() as runner: return str(runner.run(asyncio.sleep(0, 5)) == 5)"
            ),
            "new_event_loop": (
                "loop = asyncio.new_event_loop()\n"
                "v = loop.run_until_complete(asyncio.sleep(0, 5)); loop.close(); return str(v == 5)"
            ),
            "get_event_loop": (
                "return str(asyncio.get_event_loop().run_until_complete(asyncio.sleep(0, 5)) == 5)"
            ),
            "SelectorEventLoop": "asyncio.SelectorEventLoop().close(); return 'True'",
        }
        for name, body in cases.items():
            with self.subTest(name):
                self.assertEqual(self.value(body, "def"), "True")

    def test_awaitable_result(self) -> None:
        """A plain function may return anything that can be awaited."""
        answer = self.ask(
            """
            import asyncio
            class Lazy:
                def __await__(self):
                    yield from asyncio.sleep(0).__await__()
                    return "lazy"
            def on_fetch(request, env): return Lazy()
            """
        )
        self.assertEqual((answer.failure, answer.text), (None, "lazy"))

    def test_left_tasks(self) -> None:
        """Tasks that still run are cancelled, and told of."""
        answer = self.ask(
            """
            import asyncio
            async def background(n):
                try:
                    await asyncio.sleep(60)
                finally:
                    await asyncio.sleep(0)
                    print("cancelled", n)
            async def on_fetch(request, env):
                tasks = [asyncio.create_task(background(n)) for n in range(2)]
                await asyncio.sleep(0)
                return "ok"
            """
        )
        self.assertEqual(answer.text, "ok")
        self.assertCountEqual(answer.logs[:2], [("info", "cancelled 0"), ("info", "cancelled 1")])
        level, text = answer.logs[2]
        self.assertEqual(level, "warning")
        self.assertIn("2 tasks were still running when the handler returned", text)
        self.assertIn("background at src/entry.py:5", text)

    def test_stubborn_task(self) -> None:
        """A task that won't be cancelled is left behind."""
        answer = self.ask(
            """
            import asyncio
            async def stubborn():
                while True:
                    try: await asyncio.sleep(60)
                    except asyncio.CancelledError: pass
            async def on_fetch(request, env):
                asyncio.create_task(stubborn())
                await asyncio.sleep(0)
                return "ok"
            """
        )
        self.assertEqual((answer.status, answer.text), (200, "ok"))
        self.assertLess(answer.seconds, 5)

    def test_forgotten_await(self) -> None:
        """A coroutine that nobody awaited is warned of."""
        answer = self.ask(
            """
            async def save(): pass
            async def on_fetch(request, env):
                save()
                return "ok"
            """
        )
        ((level, text),) = answer.logs
        self.assertEqual(level, "warning")
        self.assertIn("coroutine 'save' was never awaited", text)

    def test_deadlock(self) -> None:
        """Waiting for what can't happen is an error where it waits."""
        answer = self.ask(
            """
            import asyncio
            async def on_fetch(request, env):
                await asyncio.Event().wait()
            """
        )
        self.assertEqual(answer.status, 500)
        self.assertIn("waits for something that nothing can bring about", answer.failure["message"])
        self.assertEqual(answer.failure["traceback"][-1]["line"], 4)

    def test_lost_exception(self) -> None:
        """An exception in a task that nobody asks is logged as an error."""
        answer = self.ask(
            """
            import asyncio
            async def fails(): raise ValueError("lost")
            async def on_fetch(request, env):
                asyncio.create_task(fails())
                await asyncio.sleep(0.001)
                return "ok"
            """
        )
        self.assertEqual(answer.text, "ok")
        self.assertTrue(
            any(level == "error" and "ValueError: lost" in text for level, text in answer.logs),
            answer.logs,
        )

    def test_threads(self) -> None:
        """Threads can't start, and the message says what can be used instead."""
        for body in (
            "threading.Thread(target=print).start()",
            "threading.Timer(1, print).start()",
        ):
            with self.subTest(body):
                answer = self.ask(f"import threading\ndef on_fetch(request, env):\n    {body}\n")
                self.assertIn("RuntimeError: can't start new thread", answer.failure["message"])
                self.assertIn("pymode.parallel", answer.failure["message"])

    def test_pools(self) -> None:
        """A pool of threads runs what it is given at once."""
        cases = {
            "submit": "pool.submit(divmod, 7, 2).result() == (3, 1)",
            "keywords": "pool.submit(sorted, [1, 2], reverse=True).result() == [2, 1]",
            "map": "list(pool.map(str, range(3))) == ['0', '1', '2']",
            "raises": "type(pool.submit(int, 'x').exception()) is ValueError",
            "done": "pool.submit(int).done()",
            "as_completed": "[f.result() for f in concurrent.futures.as_completed([pool.submit(int, 5)])] == [5]",
            "shut down": "(pool.shutdown(), refused(lambda: pool.submit(int)))[1] == 'RuntimeError'",
            "initializer": (
                "(p := concurrent.futures.ThreadPoolExecutor(initializer=seen.append, initargs=(1,)), "
                "p.submit(int), p.submit(int), seen == [1])[-1]"
            ),
            "bad initializer": (
                "(p := concurrent.futures.ThreadPoolExecutor(initializer=int, initargs=('x',)), "
                "[refused(lambda: p.submit(int)) for _ in 'ab'] == ['BrokenThreadPool'] * 2)[-1]"
            ),
        }
        for name, expression in cases.items():
            with self.subTest(name):
                answer = self.ask(
                    "import concurrent.futures\nseen = []\n"
                    "def refused(f):\n  try: f()\n  except Exception as e: return type(e).__name__\n"
                    "def on_fetch(request, env):\n"
                    "    with concurrent.futures.ThreadPoolExecutor(4) as pool:\n"
                    f"        return str({expression})\n"
                )
                self.assertEqual(answer.text, "True")
