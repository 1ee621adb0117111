"""Work that libraries give to threads, run at once.

There are no threads, and starting one raises. But most of what goes into a pool of them is
only meant to leave the event loop free, or to overlap waiting: run inline it gives the same.
"""

from __future__ import annotations

from contextvars import copy_context
from typing import Any

from pymode import _patching


def _patch_pool(module: Any) -> None:
    """Let ThreadPoolExecutor run what it is given, and give a future that is done."""
    from concurrent.futures import Future

    def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self._broken:
            raise module.BrokenThreadPool(self._broken)
        if self._shutdown:
            raise RuntimeError("cannot schedule new futures after shutdown")
        initializer, self._initializer = self._initializer, None
        if initializer is not None:
            try:
                initializer(*self._initargs)
            except Exception as error:
                self._broken = "A thread initializer failed, the thread pool is not usable anymore"
                raise module.BrokenThreadPool(self._broken) from error
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        # The end of the budget is no exception of the function's: it goes through.
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    submit.__doc__ = module.ThreadPoolExecutor.submit.__doc__
    module.ThreadPoolExecutor.submit = submit


def _patch_anyio(module: Any) -> None:
    """Let anyio.to_thread.run_sync call the function: FastAPI runs plain handlers so."""

    async def run_sync_in_worker_thread(
        cls: Any, func: Any, args: Any, abandon_on_cancel: bool = False, limiter: Any = None
    ) -> Any:
        await cls.checkpoint()
        async with limiter or cls.current_default_thread_limiter():
            return copy_context().run(func, *args)

    module.AsyncIOBackend.run_sync_in_worker_thread = classmethod(run_sync_in_worker_thread)


def install() -> None:
    """Watch for the imports of thread pools."""
    _patching.when_imported("concurrent.futures.thread", _patch_pool)
    _patching.when_imported("anyio._backends._asyncio", _patch_anyio)
