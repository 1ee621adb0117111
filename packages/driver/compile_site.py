"""Compile packages to bytecode, where the guest's import looks for it.

    python compile_site.py DIR GUEST PART PARTS

DIR is site-packages on this machine and GUEST what the guest calls it, for tracebacks. Of the
modules, in order, every PARTSth is compiled, beginning with number PART. The files carry the
digest of their source, which the guest compares: whoever changes a package's source gets what it
says. What can't be compiled is left out; its import says why. Runs in a Python of the guest's
version, which has no extension modules.
"""

import os
import sys
import warnings
from _imp import source_hash
from importlib._bootstrap_external import _RAW_MAGIC_NUMBER, _code_to_hash_pyc, cache_from_source


def main(root: str, guest: str, part: int, parts: int) -> None:
    """Compile a part of the modules."""
    warnings.simplefilter("ignore")
    modules = sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(root)
        for name in names
        if name.endswith(".py")
    )
    for path in modules[part::parts]:
        with open(path, "rb") as file:
            data = file.read()
        try:
            code = compile(data, guest + path[len(root) :], "exec", dont_inherit=True, optimize=0)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        target = cache_from_source(path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(_code_to_hash_pyc(code, source_hash(_RAW_MAGIC_NUMBER, data), True))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
