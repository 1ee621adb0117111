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


def name_side_modules() -> None:
    """Have package data that names compiled modules, `*.so`, mean side modules too."""
    config = Path("setup.cfg")
    if config.exists():
        text = config.read_text(encoding="utf-8")
        changed = re.sub(r"(?m)^([ \t]+)\*\.so$", r"\g<0>\n\1*.wasm", text)
        if changed != text:
            config.write_text(changed, encoding="utf-8")


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
        answer = backend.build_wheel(order["output"], settings)
    with open(order["result"], "w", encoding="utf-8") as file:
        json.dump(answer, file)


if __name__ == "__main__":
    main()
