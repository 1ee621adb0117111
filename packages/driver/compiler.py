"""Compile and link as a C or C++ compiler does, for the workers' Python.

It stands in for cc, c++, ar and rustc's linker while a package is built. What it is told to
compile goes to zig with the guest's target, headers and flags; what it is told to link with
-shared becomes a side module. Its settings are in settings.json beside it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Settings = dict[str, Any]
    Pairs = list[tuple[str, str | None]]

HERE = os.path.dirname(os.path.abspath(__file__))

# What is of the building machine's processor or linker.
FOREIGN = re.compile(
    r"-(pthread|march=.*|mtune=.*|mcpu=.*|m(no-)?(sse|avx|ssse|aes|pclmul|popcnt|bmi|fma|f16c).*"
    r"|m32|m64|arch|-target=.*|fstack-protector.*|fstack-clash-protection|fcf-protection.*|flto.*|fno-plt"
    r"|fno-semantic-interposition|fuse-ld=.*|rdynamic|Wl,.*|stdlib=.*|static-libgcc"
    r"|static-libstdc\+\+|s)$"
)
SOURCE = re.compile(r"\.(c|cc|cpp|cxx|C|c\+\+)$")
NO_LINK = {"-c", "-E", "-S", "-M", "-MM", "-fsyntax-only", "--version", "-v", "-dumpversion"}
SEPARATE = {"-o", "-L", "-l", "-I", "-isystem", "-idirafter", "-iquote", "-include", "-D", "-U",
            "-MF", "-MT", "-MQ", "-x", "-z", "-soname"}  # fmt: skip


def load_settings() -> Settings:
    """Read the settings: paths of zig and the headers, flags, and what the guest exports."""
    with open(os.path.join(HERE, "settings.json"), encoding="utf-8") as file:
        return json.load(file)


def is_foreign_folder(folder: str, settings: Settings) -> bool:
    """Tell whether a folder holds headers of the building machine."""
    folder = os.path.realpath(folder)
    return any(folder == other or folder.startswith(other + os.sep) for other in settings["drop"])


def words(arguments: list[str], settings: Settings) -> Iterator[tuple[str, str | None]]:
    """Take arguments apart into (option, value or None), without what does not apply here."""
    queue = list(arguments)
    while queue:
        word = queue.pop(0)
        if FOREIGN.match(word):
            if word == "-arch":
                queue.pop(0)
            continue
        option, value = word, None
        if word in SEPARATE and queue:
            value = queue.pop(0)
        elif word[:2] in ("-I", "-L", "-l") and len(word) > 2:
            option, value = word[:2], word[2:]
        if option in ("-I", "-isystem", "-idirafter") and is_foreign_folder(value, settings):
            continue
        yield option, value


def flat(pairs: Iterable[tuple[str, str | None]]) -> list[str]:
    """Put arguments together again."""
    result = []
    for option, value in pairs:
        if value is None:
            result.append(option)
        elif option in ("-I", "-L", "-l"):
            result.append(option + value)
        else:
            result += [option, value]
    return result


def compile_command(language: str, settings: Settings) -> list[str]:
    """Begin the command line of a compilation."""
    return [settings["zig"], language, "-target", settings["target"], *settings["flags"]]


def compile_or_run(language: str, pairs: Pairs, settings: Settings) -> int:
    """Compile, or whatever else a compiler is asked for."""
    return subprocess.call(compile_command(language, settings) + flat(pairs))


def find_library(name: str, folders: list[str]) -> str | None:
    """Find a static library, or return None: there is no other kind, and libc is in the guest."""
    for folder in folders:
        path = os.path.join(folder, f"lib{name}.a")
        if os.path.exists(path) and not folder.startswith(("/usr/lib", "/lib")):
            return path
    return None


def link(language: str, pairs: Pairs, settings: Settings) -> int:
    """Link a side module."""
    output, inputs, folders, libraries, options = "a.out", [], [], [], []
    for option, value in pairs:
        if option == "-o":
            output = value
        elif option == "-L":
            folders.append(value)
        elif option == "-l":
            libraries.append(value)
        elif not option.startswith("-"):
            inputs.append(option)
        elif option not in ("-shared", "-dynamiclib", "-bundle"):
            options += flat([(option, value)])
    with tempfile.TemporaryDirectory() as scratch:
        objects = []
        for number, name in enumerate(inputs):
            if not SOURCE.search(name):
                objects.append(name)
                continue
            made = os.path.join(scratch, f"{number}.o")
            command = [*compile_command(language, settings), *options, "-c", name, "-o", made]
            if status := subprocess.call(command):
                return status
            objects.append(made)
        found = (find_library(name, folders) for name in libraries)
        objects += [path for path in found if path]
        exports = ["PyInit_" + os.path.basename(output).split(".")[0]]
        return link_objects(objects, exports, output, scratch, settings)


def link_rust(arguments: list[str], settings: Settings) -> int:
    """Link a side module as rustc tells its linker to, which is wasm-ld by its kind.

    rustc names what the crate exports. Its C library is left out: the guest has one.
    """
    output, inputs, exports, folders, libraries = "a.wasm", [], [], [], []
    queue = expand(arguments)
    while queue:
        word = queue.pop(0)
        if word == "-o":
            output = queue.pop(0)
        elif word == "--export":
            exports.append(queue.pop(0))
        elif word.startswith("--export="):
            exports.append(word.removeprefix("--export="))
        elif word[:2] in ("-L", "-l"):
            (folders if word[1] == "L" else libraries).append(word[2:] or queue.pop(0))
        elif word in ("-flavor", "-z", "-m"):
            queue.pop(0)
        elif not word.startswith("-") and f"{os.sep}self-contained{os.sep}" not in word:
            inputs.append(word)
    folders = [folder for folder in folders if os.path.basename(folder) != "self-contained"]
    found = (find_library(name, folders) for name in libraries)  # C that build scripts compiled
    inputs += [path for path in found if path]
    shim = os.path.join(HERE, "rust.c")
    with tempfile.TemporaryDirectory() as scratch:
        made = os.path.join(scratch, "rust.o")
        if status := subprocess.call([*compile_command("cc", settings), "-c", shim, "-o", made]):
            return status
        return link_objects([*inputs, made], exports, output, scratch, settings)


def expand(arguments: list[str]) -> list[str]:
    """Read the files of arguments that rustc writes where there are many: one a line, escaped."""
    result = []
    for word in arguments:
        if not word.startswith("@"):
            result.append(word)
            continue
        with open(word[1:], encoding="utf-8") as file:
            lines = file.read().splitlines()
        result += [
            re.sub(r"\\(.)", r"\1", line.removeprefix('"').removesuffix('"')) for line in lines
        ]
    return result


def link_objects(
    objects: list[str], exports: list[str], output: str, scratch: str, settings: Settings
) -> int:
    """Link objects, and of C++'s run time as much as they want: the whole of it takes a minute."""
    command = [
        settings["zig"], "wasm-ld", "--shared", "--experimental-pic", "--no-entry", "--gc-sections",
        "-Bsymbolic", "--unresolved-symbols=import-dynamic", "--strip-all",
        "--export-if-defined=__wasm_call_ctors", "-o", output, *objects,
        *[f"--export-if-defined={name}" for name in exports],
    ]  # fmt: skip
    if status := subprocess.call(command):
        return status
    if wants_cxx(output):
        for name in ("allocation", "throw"):
            made = os.path.join(scratch, name + ".o")
            source = os.path.join(HERE, name + ".cpp")
            compile_it = [*compile_command("c++", settings), "-c", source, "-o", made]
            command.append(made)
            if status := subprocess.call(compile_it):
                return status
        if status := subprocess.call(command):
            return status
    if wants_cxx(output):
        return subprocess.call(command + cxx_libraries(settings))
    return 0


def wants_cxx(module: str) -> bool:
    """Tell whether a side module imports something of C++'s run time."""
    with open(os.path.join(HERE, "exports.txt"), encoding="utf-8") as file:
        known = set(file.read().split())
    return any(
        name.startswith(("_Z", "__cxa_", "__gxx_")) and name not in known
        for name in imports(module)
    )


def cxx_libraries(settings: Settings) -> list[str]:
    """Return the archives of the C++ library, which zig compiles when it is asked for them."""
    record = settings["cxx"]
    with open(record + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(record):
            with open(record, encoding="utf-8") as file:
                paths = file.read().splitlines()
            if paths and all(map(os.path.exists, paths)):
                return paths
        with tempfile.TemporaryDirectory() as scratch:
            source = os.path.join(scratch, "empty.cpp")
            with open(source, "w", encoding="utf-8") as file:
                file.write('extern "C" int empty() { return 0; }\n')
            command = [*compile_command("c++", settings), "-mexec-model=reactor", source]
            command += ["-o", os.path.join(scratch, "empty.wasm"), "--verbose"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = [
            word for word in done.stderr.split() if word.endswith(("/libc++.a", "/libc++abi.a"))
        ]
        paths = [os.path.abspath(path) for path in dict.fromkeys(found)]
        if done.returncode or not paths:
            sys.stderr.write(done.stderr)
            raise SystemExit("error: zig did not compile its C++ library")
        with open(record, "w", encoding="utf-8") as file:
            file.write("\n".join(paths))
        return paths


def imports(path: str) -> list[str]:
    """Return the names that a side module imports from env or through GOT.func and GOT.mem."""
    with open(path, "rb") as file:
        data = file.read()
    position = 8

    def number() -> int:
        nonlocal position
        result = shift = 0
        while True:
            byte = data[position]
            position += 1
            result |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return result

    def name() -> str:
        nonlocal position
        size = number()
        position += size
        return data[position - size : position].decode()

    while position < len(data):
        section = data[position]
        position += 1
        end = number()
        end += position
        if section == 2:
            names = []
            for _ in range(number()):
                module, field = name(), name()
                kind = data[position]
                position += 1
                if kind == 0:
                    number()
                elif kind == 3:
                    position += 2
                else:
                    position += kind == 1
                    limits = number()
                    number()
                    if limits & 1:
                        number()
                if module in ("env", "GOT.func", "GOT.mem"):
                    names.append(field)
            return names
        position = end
    return []


def main() -> int:
    """Run as the tool named by the first argument."""
    tool, *arguments = sys.argv[1:]
    settings = load_settings()
    if tool == "ar":
        return subprocess.call([settings["zig"], "ar", *arguments])
    if tool == "rust-ld":
        return link_rust(arguments, settings)
    if "-Wl,--version" in arguments:  # meson asks which family of linkers it has
        print("LLD (compatible with GNU linkers)")
        return 0
    pairs = list(words(arguments, settings))
    options = {option for option, _ in pairs}
    if options & {"-shared", "-dynamiclib", "-bundle"} and not options & NO_LINK:
        return link(tool, pairs, settings)
    return compile_or_run(tool, pairs, settings)


if __name__ == "__main__":
    sys.exit(main())
