"""Fetches from the host with all kinds of C functions on the stack."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import importlib
import io
import itertools
import json
import pickle
import re
import sys
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from pymode import http
from pymode.workers import Response

BASE = ""


def fetch(value: Any = 0) -> int:
    """Ask the host for the number after one."""
    return int(http.get(f"{BASE}/next?of={value}").text())


async def fetch_async(value: int) -> int:
    await asyncio.sleep(0)
    return fetch(value)


def numbers() -> Iterator[int]:
    for i in range(3):
        yield fetch(i)


async def numbers_async() -> AsyncIterator[int]:
    for i in range(3):
        yield fetch(i)


@contextlib.contextmanager
def context() -> Iterator[int]:
    yield fetch(1)
    fetch(2)


class Special:
    """Fetches in its special methods."""

    def __init__(self, value: int = 0) -> None:
        self.value = fetch(value)

    def __getattr__(self, name: str) -> int:
        return fetch(len(name))

    @property
    def computed(self) -> int:
        return fetch(self.value)

    @functools.cached_property
    def cached(self) -> int:
        return fetch(self.value)

    def __call__(self, value: int) -> int:
        return fetch(value)

    def __getitem__(self, key: int) -> int:
        return fetch(key)

    def __len__(self) -> int:
        return fetch(self.value)

    def __contains__(self, key: int) -> bool:
        return fetch(key) == 2

    def __add__(self, other: int) -> int:
        return fetch(other)

    def __lt__(self, other: Special) -> bool:
        return fetch(self.value) < fetch(other.value)

    def __str__(self) -> str:
        return str(fetch(self.value))

    def __enter__(self) -> int:
        return fetch(self.value)

    def __exit__(self, *_: object) -> None:
        fetch(0)


class Meta(type):
    def __call__(cls, *args: Any) -> int:
        return fetch(*args)


class Made(metaclass=Meta):
    pass


class Raw(io.RawIOBase):
    """A stream whose bytes come from the host."""

    def __init__(self) -> None:
        self.given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.given += 1
        if self.given > 3:
            return 0
        line = b"%d\n" % fetch(self.given)
        buffer[: len(line)] = line
        return len(line)


class Finder:
    """Makes `import fetched` ask the host."""

    def find_spec(self, name: str, *_: object) -> Any:
        return importlib.util.spec_from_loader(name, self) if name == "fetched" else None

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: Any) -> None:
        module.value = fetch(6)


def imported() -> int:
    sys.modules.pop("fetched", None)
    finder: Any = Finder()
    sys.meta_path.insert(0, finder)
    try:
        import fetched  # type: ignore[import-not-found]
    finally:
        sys.meta_path.remove(finder)
    return fetched.value


def deep(depth: int) -> int:
    """Recurse through C: sorted calls Python, which calls sorted."""
    if depth == 0:
        return fetch(40)
    below: list[int] = []
    sorted([depth], key=lambda _: below.append(deep(depth - 1)) or 0)
    return below[0]


async def gathered() -> list[int]:
    async with asyncio.timeout(5):
        return await asyncio.gather(*(fetch_async(i) for i in range(3)))


async def comprehended() -> list[int]:
    return [n async for n in numbers_async()]


def slept() -> int:
    time.sleep(0.001)
    return fetch(1)


def with_both() -> list[int]:
    with context() as a, Special(4) as b:
        return [a, b]


def partly() -> list[int]:
    return [functools.partial(fetch, 3)(), functools.reduce(lambda a, _: fetch(a), [0, 1, 2])]


SUPPORTED: dict[str, Callable[[], Any]] = {
    "plain": lambda: fetch(1),
    "twice": lambda: [fetch(1), fetch(2)],
    "sorted": lambda: sorted([3, 1, 2], key=lambda n: -fetch(n)),
    "max": lambda: max([1, 2], key=fetch),
    "map and filter": lambda: list(map(fetch, filter(fetch, [1, 2]))),
    "generator": lambda: list(numbers()),
    "sum": lambda: sum(numbers()),
    "join": lambda: "".join(str(n) for n in numbers()),
    "chain": lambda: list(itertools.chain(numbers(), zip(numbers(), [1], strict=False))),
    "getattr": lambda: [Special().missing, getattr(Special(), "absent", None)],
    "property": lambda: [Special(1).computed, Special(2).cached],
    "call": lambda: [Special()(1), Special()[2], len(Special(3)), 1 in Special(), Special() + 4],
    "metaclass": lambda: Made(7),
    "less": lambda: [s.value for s in sorted([Special(2), Special(1)])],
    "format": lambda: f"{Special(1)} {Special(2)!s:>3} {Special(3)}",
    "with": with_both,
    "gather": lambda: gathered(),
    "async generator": lambda: comprehended(),
    "re.sub": lambda: re.sub(r"\d", lambda m: str(fetch(m[0])), "a1b2"),
    "json": lambda: json.dumps({"a": [object()]}, default=lambda _: fetch(1)),
    "stream": lambda: io.TextIOWrapper(io.BufferedReader(Raw())).read(),
    "import": imported,
    "partial": partly,
    "sleep": slept,
    "exec": lambda: eval("fetch(4)", globals()),
    "deep": lambda: deep(12),
}


class Keyed:
    def __hash__(self) -> int:
        return fetch(1)


class Reduced:
    def __reduce__(self) -> Any:
        return int, (fetch(1),)


def in_del() -> str:
    """Give what a fetch in __del__ raises."""
    caught: list[str] = []

    class Dying:
        def __del__(self) -> None:
            print("dying")  # no host waits for it
            try:
                fetch(1)
            except RuntimeError as error:
                caught.append(str(error))

    dying = Dying()
    del dying
    gc.collect()
    return caught[0]


def in_weakref() -> str:
    caught: list[str] = []

    def gone(_: object) -> None:
        try:
            fetch(1)
        except RuntimeError as error:
            caught.append(str(error))

    special = Made.__class__("Temporary", (), {})
    reference = weakref.ref(special, gone)
    del special
    gc.collect()
    assert reference() is None
    return caught[0]


def message(call: Callable[[], Any]) -> str:
    try:
        call()
    except RuntimeError as error:
        return str(error)
    return "nothing was raised"


REFUSED: dict[str, Callable[[], str]] = {
    "__del__": in_del,
    "weakref": in_weakref,
    "__hash__": lambda: message(lambda: {Keyed(): 1}),
    "pickle": lambda: message(lambda: pickle.dumps(Reduced())),
}


async def on_fetch(request: Any, env: Any) -> Response:
    global BASE
    BASE = env.BASE
    kind, name = request.query["kind"][0], request.query["name"][0]
    result = {"supported": SUPPORTED, "refused": REFUSED}[kind][name]()
    if hasattr(result, "__await__"):
        result = await result
    return Response.json(result)
