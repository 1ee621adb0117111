"""Ask a package's own build backend for a wheel, as PEP 517 has it.

Takes a JSON object as its argument: `backend` ("module:object"), `path` (folders of the source
that the backend is in), `task` ("requires" or "wheel"), `settings` (for the backend), `output`
(the folder of the wheel) and `result` (the file for the answer, as JSON). The working directory
is the source's.
"""

import importlib
import json
import re
import sys
from functools import reduce
from pathlib import Path
from typing import Any


def name_side_modules() -> None:
    """Have package data that names compiled modules, `*.so`, mean side modules too."""
    config = Path("setup.cfg")
    if config.exists():
        text = config.read_text(encoding="utf-8")
        changed = re.sub(r"(?m)^([ \t]+)\*\.so$", r"\g<0>\n\1*.wasm", text)
        if changed != text:
            config.write_text(changed, encoding="utf-8")


def count_sources() -> None:
    """Have setuptools say how far it is, as ninja does: `[2/7] x.c`."""
    if "setuptools" not in sys.modules:
        return
    try:
        # Of setuptools, which puts its own in the place of Python's.
        from distutils.command.build_ext import build_ext
        from distutils.unixccompiler import UnixCCompiler
    except ImportError:
        return
    counted = {"done": 0, "total": 0}
    run, compile_one = build_ext.run, UnixCCompiler._compile

    def counting_run(self: Any) -> None:
        counted["total"] += sum(len(extension.sources) for extension in self.extensions or ())
        run(self)

    def counting_compile(self: Any, obj: str, src: str, *rest: Any) -> None:
        counted["done"] += 1
        if counted["done"] <= counted["total"]:
            print(f"[{counted['done']}/{counted['total']}] {src}", flush=True)
        compile_one(self, obj, src, *rest)

    build_ext.run, UnixCCompiler._compile = counting_run, counting_compile


def main() -> None:
    """Call the backend's hook and write what it returned."""
    order = json.loads(sys.argv[1])
    sys.argv = sys.argv[:1]  # setup.py reads it
    sys.path[0:1] = order["path"]
    module, _, attributes = order["backend"].partition(":")
    backend = importlib.import_module(module)
    backend = reduce(getattr, filter(None, attributes.split(".")), backend)
    settings = order["settings"] or None
    if order["task"] == "requires":
        hook = getattr(backend, "get_requires_for_build_wheel", None)
        answer = list(hook(settings)) if hook else []
    else:
        name_side_modules()
        count_sources()
        answer = backend.build_wheel(order["output"], settings)
    with open(order["result"], "w", encoding="utf-8") as file:
        json.dump(answer, file)


if __name__ == "__main__":
    main()
