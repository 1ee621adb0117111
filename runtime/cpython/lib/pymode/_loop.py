"""The event loop of a worker: asyncio on one thread, with the host for sockets.

It is asyncio's own selector loop over a selector that sleeps where a real one
would poll. There are no threads and no signals, so nothing can wake the loop
from outside; what would wait for ever is therefore an error at once.
"""

from __future__ import annotations

import asyncio
import asyncio.selector_events
import asyncio.tasks
import selectors
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import CoroutineType, GeneratorType
from typing import Any

import _pymode

# Turns of the loop with other work to do before sockets are read all the same.
_PATIENCE = 32

# Turns that cancelled tasks have to come to their end.
_FAREWELL = 64


class DeadlockError(RuntimeError):
    """A handler waits for something that nothing can bring about."""


class HostSelector(selectors._BaseSelectorImpl):
    """Asks the host which of its sockets have something to read, and sleeps without any.

    Where the host can't tell, all count as ready and reading blocks, timers
    included: it is put off while there is anything else to run.
    """

    def __init__(self) -> None:
        super().__init__()
        self._skipped = 0

    def select(self, timeout: float | None = None) -> list[tuple[Any, int]]:
        """List the sockets to read from and to write to, or sleep until the timeout."""
        keys = self._fd_to_key
        if not keys:
            if timeout is None:
                raise DeadlockError("nothing is left that could wake the event loop")
            if timeout > 0:
                time.sleep(timeout)
            return []
        ready = [
            (key, selectors.EVENT_WRITE)
            for key in keys.values()
            if key.events & selectors.EVENT_WRITE
        ]
        if ready:
            return ready
        if timeout is not None and timeout <= 0 and self._skipped < _PATIENCE:
            self._skipped += 1
            return []
        self._skipped = 0
        import _socket

        fds = _socket.wait(list(keys), None if timeout is None else max(timeout, 0))
        if fds is None:
            return [(key, selectors.EVENT_READ) for key in keys.values()]
        return [(keys[fd], selectors.EVENT_READ) for fd in fds]


class WorkerLoop(asyncio.selector_events.BaseSelectorEventLoop):
    """asyncio's selector loop without threads, signals and self-pipe."""

    def __init__(self, selector: Any = None) -> None:
        super().__init__(selector or HostSelector())
        self._fatal: BaseException | None = None
        self._handler: asyncio.Task[Any] | None = None
        # In the image the clock's resolution would stay that of the build.
        self._clock_resolution = 1e-6

    # BaseSelectorEventLoop wakes itself through a pair of sockets. Nothing
    # here runs beside the loop, so there is nothing to wake it from.
    def _make_self_pipe(self) -> None:
        pass

    def _close_self_pipe(self) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def run_in_executor(
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run the function now and give a future that is done."""
        self._check_closed()
        threads = sys.modules.get("concurrent.futures.thread")
        if executor is not None and not (
            threads is not None and isinstance(executor, threads.ThreadPoolExecutor)
        ):
            return asyncio.wrap_future(executor.submit(func, *args), loop=self)
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except StopIteration as error:
            future.set_exception(RuntimeError(f"the function raised StopIteration: {error}"))
        except Exception as error:
            future.set_exception(error)
        return future

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        """Look a name up: the host does that when it connects."""
        import socket

        return socket.getaddrinfo(host, port, **options)

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:
        """Schedule a coroutine; a plain value is one that is done."""
        if not isinstance(coro, (CoroutineType, GeneratorType, Coroutine)):
            coro = _await(settle(coro))
        return super().create_task(coro, **options)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Log an exception that nobody can catch any more."""
        error = context.get("exception")
        if isinstance(error, _pymode.CPUTimeExceeded):
            # asyncio takes what a callback raises for a matter of the log.
            # The end of the budget is the end of the request: see _run_once.
            self._fatal = error
        elif not isinstance(error, (SystemExit, KeyboardInterrupt)):
            super().default_exception_handler(context)

    def _run_once(self) -> None:
        super()._run_once()
        if self._fatal is not None:
            error, self._fatal = self._fatal, None
            raise error

    def run_handler(self, awaitable: Awaitable[Any]) -> Any:
        """Run a handler to its end and give its result.

        The first step is taken at once: a handler that never waits needs no
        turn of the loop at all.
        """
        coro = awaitable if type(awaitable) is CoroutineType else _await(awaitable)
        self._fatal = None
        self._run_forever_setup()
        try:
            task: asyncio.Task[Any] = asyncio.Task(
                coro, loop=self, name="handler", eager_start=True
            )
            if not task.done():
                self._handler = task
                self._turn_until(task)
            return task.result()
        finally:
            self._run_forever_cleanup()

    def _turn_until(self, task: asyncio.Task[Any]) -> None:
        deadlock = False
        try:
            while not task.done():
                self._stopping = False  # a handler can't stop the loop that runs it
                try:
                    self._run_once()
                except DeadlockError:
                    if deadlock:
                        raise
                    # Where the handler waits is what its developer wants to
                    # see: the exception is raised there.
                    deadlock = True
                    task.cancel()
        except BaseException:
            # The task may hold the same exception: it was seen.
            if task.done() and not task.cancelled():
                task.exception()
            raise
        if deadlock and task.cancelled():
            try:
                task.result()
            except asyncio.CancelledError as error:
                raise DeadlockError(
                    "the handler waits for something that nothing can bring about: "
                    "no timer, no socket and no task is left"
                ).with_traceback(error.__traceback__) from None

    def finish(self) -> list[str]:
        """Cancel what still runs after the handler; names the tasks."""
        tasks = asyncio.all_tasks(self)
        if not tasks and not self._asyncgens:
            return []
        # The handler itself is among them where something else ended the loop.
        names = [_where(task) for task in tasks if task is not self._handler]
        for task in tasks:
            task.cancel()
        self._fatal = None
        self._run_forever_setup()
        try:
            if self._asyncgens:
                tasks.add(self.create_task(self.shutdown_asyncgens()))
            for _ in range(_FAREWELL):
                if all(task.done() for task in tasks):
                    break
                self._stopping = True  # so that a turn does not sleep
                self._run_once()
        finally:
            self._run_forever_cleanup()
        for task in tasks:
            # A request ends here; what is left is not worth a second message.
            task._log_destroy_pending = False
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                self.call_exception_handler(
                    {"message": "a task raised while it was cancelled", "exception": error}
                )
        if self._fatal is not None:
            raise self._fatal
        return names


def _where(task: asyncio.Task[Any]) -> str:
    coro = task.get_coro()
    name = getattr(coro, "__qualname__", None) or repr(coro)
    if frames := task.get_stack(limit=1):
        return f"{name} at {frames[0].f_code.co_filename}:{frames[0].f_lineno}"
    return str(name)


async def _await(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


class _Value:
    """A plain value as something that can be awaited."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Generator[None, None, Any]:
        return self.value
        yield


_ITERABLE_COROUTINE = 0x100  # inspect.CO_ITERABLE_COROUTINE


def settle(value: Any) -> Any:
    """Give the value itself if it can be awaited, else something that gives it.

    Both `env.KV.get(k)` and `await env.KV.get(k)` are written in workers.
    """
    cls = type(value)
    if cls is CoroutineType or hasattr(cls, "__await__"):
        return value
    if cls is GeneratorType and value.gi_code.co_flags & _ITERABLE_COROUTINE:
        return value
    return _Value(value)


def _patch_asyncio() -> None:
    """Let gather, wait, shield and wait_for take plain values, as await does."""
    ensure_future = asyncio.ensure_future
    wait_for = asyncio.wait_for

    def ensure_future_of_value(value: Any, *, loop: Any = None) -> asyncio.Future[Any]:
        return ensure_future(settle(value), loop=loop)

    async def wait_for_value(fut: Any, timeout: float | None) -> Any:
        return await wait_for(settle(fut), timeout)

    ensure_future_of_value.__doc__ = ensure_future.__doc__
    wait_for_value.__doc__ = wait_for.__doc__
    asyncio.ensure_future = asyncio.tasks.ensure_future = ensure_future_of_value
    asyncio.wait_for = asyncio.tasks.wait_for = wait_for_value


class WorkerPolicy(asyncio.DefaultEventLoopPolicy):
    """Makes worker loops: for asyncio.run, Runner and new_event_loop."""

    _loop_factory = WorkerLoop


def install() -> WorkerLoop:
    """Make worker loops asyncio's own, and give the one that runs the handlers."""
    asyncio.SelectorEventLoop = asyncio.EventLoop = WorkerLoop
    asyncio.set_event_loop_policy(WorkerPolicy())
    _patch_asyncio()
    loop = WorkerLoop()
    asyncio.set_event_loop(loop)
    return loop
