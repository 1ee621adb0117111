"""Times calls of bindings: through Python, the host, and back."""

import io
import time
from collections.abc import Callable
from typing import Any

from pymode.workers import Env, Request

KEYS = [f"key{i}" for i in range(100)]
PIECE = bytes(1 << 20)


class Pieces(io.RawIOBase):
    """A file of zeros, which nobody holds as a whole."""

    def __init__(self, size: int) -> None:
        self.left = size

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Give the next zeros."""
        count = min(len(buffer), self.left, len(PIECE))
        buffer[:count] = PIECE[:count]
        self.left -= count
        return count


def operations(env: Env) -> dict[str, Callable[[], Any]]:
    """Name what is timed."""
    env.KV.put_multi(dict.fromkeys(KEYS, "v" * 100))
    env.DB.exec("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, name TEXT)")
    env.DB.exec("INSERT OR REPLACE INTO t VALUES (1, 'one')")
    env.R2.put("1kB", bytes(1024))
    select = env.DB.prepare("SELECT * FROM t WHERE id = ?").bind(1)
    insert = env.DB.prepare("INSERT INTO t (name) VALUES (?)").bind("name")
    return {
        "kv_get_us": lambda: env.KV.get("key1"),
        "kv_put_us": lambda: env.KV.put("key1", "value"),
        "kv_get_multi_100_us": lambda: env.KV.get_multi(KEYS),
        "d1_select_us": select.all,
        "d1_insert_us": insert.run,
        "r2_get_1kb_us": lambda: env.R2.get("1kB"),
    }


def timed(operation: Callable[[], Any], runs: int) -> dict[str, float]:
    """Call it so often, after a tenth as many that don't count; times in µs."""
    times = []
    for i in range(runs + runs // 10):
        start = time.perf_counter()
        operation()
        if i >= runs // 10:
            times.append((time.perf_counter() - start) * 1e6)
    times.sort()
    return {"min": times[0], "p50": times[runs // 2], "p99": times[(runs - 1) * 99 // 100]}


def large(env: Env, size: int) -> dict[str, float]:
    """Write and read an object in pieces; times in µs."""
    start = time.perf_counter()
    env.R2.put("large", Pieces(size), length=size)
    written = time.perf_counter()
    received = 0
    with env.R2.open("large") as file:
        while piece := file.read(len(PIECE)):
            received += len(piece)
    if received != size:
        raise ValueError(f"{received} bytes came back, not {size}")
    end = time.perf_counter()
    env.R2.delete("large")
    return {"put": (written - start) * 1e6, "get": (end - written) * 1e6}


def on_fetch(request: Request, env: Env) -> dict[str, Any]:
    """Time the operations, or one large object."""
    if size := request.query.get("size"):
        return large(env, int(size[0]))
    runs = int(request.query["runs"][0])
    return {name: timed(operation, runs) for name, operation in operations(env).items()}
