"""Waiting for several things at once with asyncio."""

import asyncio
import time
from collections.abc import Awaitable

from pymode.workers import Env, Request

DELAYS = [0.1, 0.1, 0.1]
"""Seconds that each of the three tasks takes."""


async def on_fetch(request: Request, env: Env) -> dict | tuple[dict, int]:
    """Answer one request."""
    match request.path:
        case "/":
            return {"routes": ["/gather", "/sequence", "/timeout"]}
        case "/gather":
            return await timed(gather())
        case "/sequence":
            return await timed(sequence())
        case "/timeout":
            return await timed(give_up())
        case path:
            return {"error": f"no route for {path}"}, 404


async def work(name: str, delay: float) -> str:
    """Stand in for a task that waits: a fetch, a query, a model's answer."""
    await asyncio.sleep(delay)
    return f"{name} waited {delay:g} s"


async def gather() -> list[str]:
    """Run the tasks together: as long as the longest takes, 100 ms."""
    return await asyncio.gather(*(work(f"task {n}", delay) for n, delay in enumerate(DELAYS, 1)))


async def sequence() -> list[str]:
    """Run the tasks one by one: as long as all of them take, 300 ms."""
    return [await work(f"task {n}", delay) for n, delay in enumerate(DELAYS, 1)]


async def give_up() -> list[str]:
    """Wait for no longer than 50 ms."""
    try:
        async with asyncio.timeout(0.05):
            return [await work("a slow task", 10)]
    except TimeoutError:
        return ["gave up after 0.05 s"]


async def timed(task: Awaitable[list[str]]) -> dict:
    """Say what came of a task and how long it took."""
    began = time.perf_counter()
    results = await task
    return {"results": results, "milliseconds": round((time.perf_counter() - began) * 1000)}
