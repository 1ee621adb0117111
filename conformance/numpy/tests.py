"""Runs files of numpy's tests in the guest, a process a file, and says what passed.

    tests.py [--out DIR] [--jobs N] [--limit SECONDS] PART|PART/FILE...

A part is linalg, or numpy for what belongs to none; a file is lib/test_io. The current directory
has pymode-tui, the plugin tally.py and .pymode/site-packages. What each test did is kept in DIR, a
line of JSON a test, and what pytest printed beside it: a file that has finished is not run again.
A test that takes longer than the limit is ended and counts as failed, as one that ends the
interpreter does, and the file goes on with the next test. Exits with 1 where a test failed.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TESTS = Path(".pymode/site-packages/numpy")
OUTCOMES = ("passed", "failed", "skipped", "xfailed", "xpassed")


def read(path: Path) -> list[dict]:
    """Return a file's lines, but for those that were cut off."""
    entries = []
    for line in path.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            entries.append(json.loads(line))
    return entries


def finished(path: Path) -> bool:
    """Report whether all of a file's tests have run."""
    return path.exists() and any("finished" in entry for entry in read(path))


def files(names: list[str]) -> list[tuple[str, str]]:
    """Return part and module of each file that is meant."""
    found = []
    for name in names:
        part, _, module = name.partition("/")
        folder = TESTS / "tests" if part == "numpy" else TESTS / part / "tests"
        tests = sorted(folder.glob(f"{module or 'test_*'}.py"))
        if not tests:
            sys.exit(f"{name}: numpy has no such tests")
        found += [(part, test.stem) for test in tests]
    return found


def attempt(part: str, module: str, tally: Path, limit: float) -> str:
    """Run what has not run, and return "" or why the process ended before its tests."""
    command = ["./pymode-tui", "python", "-m", "pytest", "-q", "-p", "tally", "-m", "not slow"]
    package = "numpy" if part == "numpy" else f"numpy.{part}"
    command += [f"--basetemp=tmp/{part}-{module}", "--pyargs", f"{package}.tests.{module}"]
    environment = os.environ | {"TALLY": str(tally), "PYTHONPATH": os.getcwd()}
    with open(tally.with_suffix(".txt"), "ab") as output:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    size, since = -1, time.monotonic()
    while process.poll() is None:
        time.sleep(0.2)
        if (now := tally.stat().st_size) != size:
            size, since = now, time.monotonic()
        elif time.monotonic() - since > limit:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return f"took more than {limit:.0f} s"
    if finished(tally):
        return ""
    lines = tally.with_suffix(".txt").read_text(errors="replace").splitlines()
    said = [line for line in lines if line.startswith("pymode-tui: ")]
    return said[-1] if said else f"the process ended with {process.returncode}"


def run(part: str, module: str, out: Path, limit: float) -> Path:
    """Run a file's tests to their end."""
    tally = out / f"{part}.{module}.jsonl"
    tally.touch()
    while not finished(tally):
        before = time.monotonic()
        why = attempt(part, module, tally, limit)
        entries = read(tally)
        with open(tally, "a", encoding="utf-8") as file:
            file.write(json.dumps({"took": round(time.monotonic() - before, 1)}) + "\n")
            if why:  # the last that began, or all of the file
                began = [e["test"] for e in entries if "test" in e]
                ended = {e["test"] for e in entries if "outcome" in e}
                guilty = began[-1] if began and began[-1] not in ended else module
                entry = {"test": guilty, "outcome": "failed", "reason": why, "seconds": limit}
                file.write(json.dumps(entry) + "\n")
                if guilty == module:
                    file.write(json.dumps({"finished": True}) + "\n")
    return tally


def outcomes(entries: list[dict]) -> dict[str, dict]:
    """Return each test's outcome: a failure after the test itself counts instead of it."""
    result: dict[str, dict] = {}
    for entry in entries:
        if "outcome" in entry and result.get(entry["test"], {}).get("outcome") != "failed":
            result[entry["test"]] = entry
    return result


def row(name: str, cells: Iterable[object], seconds: object = "") -> str:
    """Return a line of the table."""
    return f"{name:44}" + "".join(f"{cell:>9}" for cell in (*cells, seconds))


def counts(outcome: Counter) -> list[str]:
    """Return the cells of a line."""
    return [f"{outcome[name]:,}" for name in OUTCOMES]


def main() -> None:
    """Run, and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--limit", type=float, default=300)
    parser.add_argument("names", nargs="+")
    options = parser.parse_args()
    options.out = options.out.resolve()
    options.out.mkdir(parents=True, exist_ok=True)
    Path("tmp").mkdir(exist_ok=True)
    chosen = files(options.names)
    failures, parts = [], {}
    print(row("", OUTCOMES, "seconds"))
    with ThreadPoolExecutor(options.jobs) as pool:
        runs = [pool.submit(run, *file, options.out, options.limit) for file in chosen]
        for (part, module), done in zip(chosen, runs, strict=True):
            entries = read(done.result())
            tests = outcomes(entries)
            count = Counter(entry["outcome"] for entry in tests.values())
            took = sum(entry.get("took", 0) for entry in entries)
            print(row(f"{part}/{module}", counts(count), f"{took:.1f}"), flush=True)
            failures += [(part, entry) for entry in tests.values() if entry["outcome"] == "failed"]
            parts.setdefault(part, Counter()).update(count)
    print()
    for part, count in (*parts.items(), ("all", sum(parts.values(), Counter()))):
        print(row(part, counts(count)))
    print()
    for part, entry in failures:
        why = entry["reason"].splitlines() or [""]
        print(f"failed: {part}/{entry['test'].rpartition('/')[2]}: {why[0]}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
