"""The three calls of the C code: `boot`, `load` and `serve`.

Each runs in the memory that the one before left: `boot` once in the base
image, `load` once for the worker's code, `serve` once for every request, in a
copy that is thrown away afterwards. What can be done in `boot` or `load` is
done there.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import random
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import _pymode

from pymode import _boot, _convert, _document, _host, _importer, _imports, _output
from pymode._entrypoint import Context
from pymode._handler import HandlerError, Plan, resolve
from pymode._loop import WorkerLoop
from pymode._request import Request
from pymode._traceback import Failure, Project, describe, kind_of
from pymode.env import Env

_WARMUP_RUNS = 40


class Worker:
    """A worker's code and what is ready for its requests."""

    loop: WorkerLoop

    def __init__(self) -> None:
        self.project = Project()
        self.env = Env()
        self.plan: Plan | None = None
        # Freed when the memory has run out, so that there is some for the message.
        self.reserve: bytearray | None = None

    def answer(
        self, message: dict[str, Any], body: bytes, fail: Callable[[Failure], None]
    ) -> _document.Answer:
        """Answer the request of a document, whatever comes of it."""
        # 128 bits, since random.seed() alone asks for 20,000 and takes as long
        # as all the rest of a short request.
        random.seed(int.from_bytes(os.urandom(16)))
        try:
            answer = self._answer(message, body)
            self._end()
        except BaseException as error:
            self.reserve = None
            answer = self._refuse(error, fail)
        return answer

    def _answer(self, message: dict[str, Any], body: bytes) -> _document.Answer:
        if message.get("thread"):
            return 200, [], self._run_child(message, body)
        received = message["request"]
        fields = received["headers"]
        for name, value in fields:
            if value == "1" and name.lower() == "x-pymode-warmup":
                return 204, [], b""
        request = Request.received(received["method"], received["url"], fields, body)
        self.env._update(message.get("env") or {})
        plan = self.plan
        if plan is None:
            raise HandlerError("no worker is loaded")
        result, context = plan.call(request, self.env)
        if hasattr(type(result), "__await__"):
            result = self.loop.run_handler(result)
        if context is not None and context.pending:
            self._wait(context)
        return _convert.convert(result, plan.name)

    def _run_child(self, message: dict[str, Any], body: bytes) -> bytes:
        """Run a function for another instance; its result, or what it raised, pickled."""
        from pymode import parallel

        self.env._update(message.get("env") or {})
        return parallel.run(body, self.loop.run_handler, self.project)

    def _wait(self, context: Context) -> None:
        """Finish what was given to wait_until: the instance ends with the request."""
        for awaitable in context.pending:
            if hasattr(type(awaitable), "__await__"):
                self.loop.run_handler(awaitable)

    def _end(self) -> None:
        """End what the handler left running."""
        names = self.loop.finish()
        if not names:
            return
        one = len(names) == 1
        shown = ", ".join(sorted(names)[:5]).replace(self.project.root, "")
        _output.send(
            _output.LEVELS["warning"],
            f"{len(names)} {'task was' if one else 'tasks were'} still running when the handler "
            f"returned, and {'was' if one else 'were'} cancelled: {shown}",
        )

    def _refuse(self, error: BaseException, fail: Callable[[Failure], None]) -> _document.Answer:
        if isinstance(error, _convert.ProtocolError):
            failure = Failure("protocol", str(error), [], f"{error}\n")
        else:
            failure = describe(error, self.project)
        fail(failure)
        try:
            self._end()
        except BaseException as later:
            # The failure is told; what happens while cleaning up is a detail of it.
            _output.send(_output.LEVELS["warning"], describe(later, self.project).message)
        status = 503 if failure.kind == "cpu" else 500
        body = failure.text.encode("utf-8", "backslashreplace")
        return status, [["Content-Type", "text/plain; charset=utf-8"]], body


WORKER = Worker()


def fail(failure: Failure) -> None:
    """Tell the host why there is no proper answer."""
    _host.send(
        "failure",
        {"kind": failure.kind, "message": failure.message, "traceback": failure.frames},
    )


def boot() -> None:
    """Prepare the interpreter for any worker. Runs once, in the base image."""
    WORKER.loop = _boot.install()
    _warm_up(WORKER.loop)
    gc.collect()
    gc.freeze()


def load(config: bytes) -> bool:
    """Import a worker; False where that failed, which the host has then been told."""
    file = ""
    try:
        settings = json.loads(config)
        root = settings.get("root", "/app")
        path = settings.get("path", [f"{root}/src", root])
        sys.path[:] = [*path, *(entry for entry in sys.path if entry not in path)]
        if packages := settings.get("packages"):
            return _load_packages(packages)
        WORKER.project = Project(root, tuple(path))
        _importer.install(WORKER.project)
        WORKER.env._update(settings.get("env") or {})
        name = settings.get("module", "entry")
        file = name.replace(".", "/") + ".py"
        with _imports.recorded():
            module = importlib.import_module(name)
        file = _file_of(module, file)
        WORKER.plan = resolve(module, file)
        _warn_about_open_files()
        _host.send("packages", _packages())
    except BaseException as error:
        fail(_import_failure(error, file))
        return False
    finally:
        _output.finish()
    WORKER.reserve = bytearray(1 << 20)
    gc.collect()
    gc.freeze()
    return True


_SITE = "/site/"


def _packages() -> list[str]:
    """List the modules that came from site-packages, in the order of their import."""
    return [
        name
        for name, module in sys.modules.items()
        if str(getattr(getattr(module, "__spec__", None), "origin", "")).startswith(_SITE)
    ]


def _load_packages(names: list[str]) -> bool:
    """Import modules, for an image that workers' imports start from."""
    for name in names:
        importlib.import_module(name)
    # The worker's own path comes before: its modules are found there first.
    sys.path[:] = [entry for entry in sys.path if entry != _SITE.rstrip("/")]
    gc.collect()
    gc.freeze()
    return True


def serve() -> None:
    """Answer the request on fd 0 with a response document on fd 1."""
    try:
        response = WORKER.answer(*_document.receive(0), fail)
        _output.finish()
    except BaseException as error:
        # Only where reading the request or telling the failure failed, or the
        # budget ended meanwhile.
        WORKER.reserve = None
        name = type(error).__name__
        fail(Failure(kind_of(error), f"{name}, raised while the request was read or answered"))
        response = 500, [], b""
    _pymode.call("respond")
    _document.send(1, response)


def _file_of(module: ModuleType, file: str) -> str:
    """Name the entry module's file; HandlerError where it is not the user's."""
    found = getattr(module, "__file__", None)
    project = WORKER.project
    if isinstance(found, str) and project.owns(found):
        return project.relative(found)
    raise HandlerError(f"the module {module.__name__!r} is Python's own: {file} needs another name")


def _import_failure(error: BaseException, file: str) -> Failure:
    if isinstance(error, HandlerError):
        return Failure("import", str(error))
    failure = describe(error, WORKER.project)
    if failure.kind == "exception":
        failure.kind = "import"
    if isinstance(error, SystemExit):
        failure.message = f"{failure.message} was raised while {file} was imported"
    return failure


def _warn_about_open_files() -> None:
    """Warn of files and sockets that the import left open.

    Every request would begin with a copy of the object, but of nothing behind it.
    """
    import io
    import socket

    # importlib.metadata looks for packages in the library too, and keeps it open: there are none.
    library = json.__file__.partition(".zip/")[0] + ".zip"
    for thing in gc.get_objects():
        cls = type(thing)
        if issubclass(cls, io.FileIO):
            if not thing.closed and thing.fileno() > 2 and thing.name != library:
                _warn_open(f"the file {WORKER.project.relative(str(thing.name))}")
        elif issubclass(cls, socket.socket) and thing.fileno() >= 0:
            _warn_open("a socket")


def _warn_open(what: str) -> None:
    text = (
        f"{what} was left open by the import: every request starts from a copy of that moment, "
        "in which it can't be used. Open it in the handler."
    )
    _host.send("warning", {"text": text})


def _warm_up(loop: WorkerLoop) -> None:
    """Answer requests of our own, so that caches and specialised code are in the image."""

    def plain(request: Request, env: Env) -> Any:
        return f"{request.method} {request.path} {request.headers.get('accept')}"

    async def coroutine(request: Request, env: Env) -> Any:
        return {"query": request.query, "body": request.text()}

    async def waiting(request: Request, env: Env) -> Any:
        from pymode.workers import Response

        await asyncio.sleep(0)
        return Response.json({"ok": True}, headers={"X-Test": "1"})

    def failing(request: Request, env: Env) -> Any:
        raise ValueError("warm-up")

    request = {
        "method": "GET",
        "url": "http://127.0.0.1:8787/path?query=1",
        "headers": [["Host", "127.0.0.1:8787"], ["Accept", "*/*"], ["User-Agent", "warm-up"]],
        "body_base64": "",
    }
    document = json.dumps({"request": request, "env": {}}).encode()

    def run(handler: Callable[[Request, Env], Any]) -> None:
        worker.plan = Plan("warm-up", lambda request, env: (handler(request, env), None))
        worker.answer(*_document.parse(document), lambda failure: None)

    worker = Worker()
    worker.loop = loop
    for count in range(_WARMUP_RUNS):
        for handler in (plain, coroutine, waiting):
            run(handler)
        if count < 3:
            run(failing)
