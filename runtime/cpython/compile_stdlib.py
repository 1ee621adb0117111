"""Compile library modules to bytecode.

    python compile_stdlib.py LIST

Each line of LIST is: the source file, what the code shall be called in
tracebacks, the file to write, separated by tabs. The output is the same for
the same input: the files carry the digest of their source instead of its time,
and nobody checks it. Runs in a Python that has no extension modules.
"""

import sys
from _imp import source_hash
from importlib._bootstrap_external import _RAW_MAGIC_NUMBER, _code_to_hash_pyc


def main(list_file: str) -> None:
    """Compile what the list says and print each name when it is done."""
    with open(list_file, encoding="utf-8") as lines:
        jobs = [line.rstrip("\n").split("\t") for line in lines]
    for source, name, target in jobs:
        with open(source, "rb") as file:
            data = file.read()
        code = compile(data, name, "exec", dont_inherit=True, optimize=0)
        digest = source_hash(_RAW_MAGIC_NUMBER, data)
        with open(target, "wb") as file:
            file.write(_code_to_hash_pyc(code, digest, False))
        print(name, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
