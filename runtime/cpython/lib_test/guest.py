"""Runs the guest's Python side under a native Python, one process a step.

The runtime maps memory images copy-on-write; here `fork` does the same. A
booted process waits for jobs. For each it forks: the child loads the worker,
and forks again for every request.
"""

from __future__ import annotations

import importlib.machinery
import json
import os
import runpy
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LIB = HERE.parent / "lib"
sys.path[:0] = [str(LIB), str(HERE / "host")]
sys.path.remove(str(HERE))
sys.platform = "wasi"


class _WithoutAbsent(importlib.machinery.PathFinder):
    """Hides what a native Python has and the platform has not."""

    absent = runpy.run_path(str(LIB / "pymode" / "_absent.py"))["REASONS"]

    @classmethod
    def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Find a module, if the platform can have it."""
        return None if fullname in cls.absent else super().find_spec(fullname, path, target)


def _main() -> None:
    commands, results = os.fdopen(os.dup(0), "rb"), os.dup(1)
    sys.meta_path[:] = [
        _WithoutAbsent if finder is importlib.machinery.PathFinder else finder
        for finder in sys.meta_path
    ]
    for name in _WithoutAbsent.absent:
        sys.modules.pop(name, None)
    import pymode._worker

    pymode._worker.boot()
    for line in commands:
        _forked(results, lambda line=line: _job(json.loads(line)))


def _forked(results: int, work: Any) -> None:
    """Run work in a child; its result goes to `results` as a line of JSON."""
    pid = os.fork()
    if pid == 0:
        try:
            line = json.dumps(work()).encode() + b"\n"
        except BaseException:
            import traceback

            line = json.dumps({"crash": traceback.format_exc()}).encode() + b"\n"
        while line:
            line = line[os.write(results, line) :]
        os._exit(0)
    os.waitpid(pid, 0)


def _job(job: dict[str, Any]) -> dict[str, Any]:
    import _pymode
    import pymode._worker

    if "script" in job:
        names: dict[str, Any] = {}
        exec(compile(job["script"], "<script>", "exec"), names)
        return {"value": names.get("value"), "calls": _pymode.calls}
    loaded = pymode._worker.load(json.dumps(job["config"]).encode())
    calls = list(_pymode.calls)
    answers = []
    for document in job["requests"]:
        output = os.memfd_create("answers")
        _forked(output, lambda document=document: _request(document))
        size = os.lseek(output, 0, os.SEEK_END)
        os.lseek(output, 0, os.SEEK_SET)
        answers.append(json.loads(os.read(output, size)))
        os.close(output)
    return {"loaded": loaded, "calls": calls, "answers": answers}


def _request(document: str) -> dict[str, Any]:
    import _pymode
    import pymode._worker

    _pymode.calls.clear()
    stdin, stdout = os.memfd_create("stdin"), os.memfd_create("stdout")
    data = document.encode()
    os.write(stdin, data)
    os.lseek(stdin, 0, os.SEEK_SET)
    os.dup2(stdin, 0)
    os.dup2(stdout, 1)
    start = time.perf_counter()
    pymode._worker.serve()
    took = time.perf_counter() - start
    size = os.lseek(1, 0, os.SEEK_END)
    os.lseek(1, 0, os.SEEK_SET)
    written = b""
    while len(written) < size:
        written += os.read(1, size)
    offset = _pymode.respond_offset
    return {
        "response": json.loads(written[offset:]),
        "before": written[:offset].decode(),
        "calls": _pymode.calls,
        "seconds": took,
    }


if __name__ == "__main__":
    _main()
