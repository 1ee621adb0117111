"""A plugin of pytest, in the guest: a line of JSON for each test, as it begins and as it ends.

The file is TALLY. What it already has is not run again, so that a run that was ended in the
middle goes on after the test that ended it.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

PATH = os.environ["TALLY"]


def note(**entry: Any) -> None:
    """Append a line."""
    with open(PATH, "a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def reason(report: Any) -> str:
    """Say in a line why a test or a module did not pass."""
    if getattr(report, "wasxfail", ""):
        return str(report.wasxfail)
    text = report.longrepr
    if isinstance(text, tuple):
        return str(text[2])
    crash = getattr(text, "reprcrash", None)
    if crash is not None:
        return f"{crash.message} ({os.path.basename(crash.path)}:{crash.lineno})"
    lines = [line for line in str(text).splitlines() if line.strip()]
    return lines[-1] if lines else ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has run."""
    with open(PATH, encoding="utf-8") as file:
        done = {entry["test"] for entry in map(json.loads, file) if "outcome" in entry}
    rest = [item for item in items if item.nodeid not in done]
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in done])
    items[:] = rest


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Note a module that can't be imported, or wants to be skipped."""
    if report.outcome != "passed":
        note(test=report.nodeid, outcome=report.outcome, reason=reason(report), seconds=0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note that a test begins."""
    note(test=item.nodeid)
    return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note how a test ended; what its setup or teardown says counts too, where it is not well."""
    outcome: str = report.outcome
    if report.when != "call" and outcome == "passed":
        return
    if hasattr(report, "wasxfail"):
        outcome = "xpassed" if outcome == "passed" else "xfailed"
    entry = {"test": report.nodeid, "outcome": outcome, "seconds": round(report.duration, 2)}
    if outcome != "passed":
        entry["reason"] = reason(report)
    note(**entry)


def pytest_sessionfinish() -> None:
    """Note that all have run."""
    note(finished=True)
