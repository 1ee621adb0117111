"""Workers under test: files in, answers and host calls out."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path
from typing import Any

GUEST = Path(__file__).with_name("guest.py")


class Answer:
    """What came of one request."""

    def __init__(self, record: dict[str, Any]) -> None:
        if "crash" in record:
            raise AssertionError(record["crash"])
        response = record["response"]
        self.status: int = response["status"]
        self.headers: list[list[str]] = response["headers"]
        self.body = base64.b64decode(response["body_base64"], validate=True)
        self.text = self.body.decode("utf-8", "replace")
        self.before: str = record["before"]
        self.calls: list[dict[str, Any]] = record["calls"]
        self.seconds: float = record["seconds"]

    def header(self, name: str) -> str | None:
        """Give the first value of a header."""
        return next((value for other, value in self.headers if other.lower() == name), None)

    @property
    def failure(self) -> dict[str, Any] | None:
        """The failure that the host was told, the only one there may be."""
        return failure_of(self.calls)

    @property
    def logs(self) -> list[tuple[str, str]]:
        """The log entries as (level, text)."""
        return logs_of(self.calls)


class Loaded:
    """What came of loading a worker, and of the requests to it."""

    def __init__(self, record: dict[str, Any]) -> None:
        if "crash" in record:
            raise AssertionError(record["crash"])
        self.ok: bool = record["loaded"]
        self.calls: list[dict[str, Any]] = record["calls"]
        self.answers = [Answer(answer) for answer in record["answers"]]

    @property
    def failure(self) -> dict[str, Any] | None:
        """The failure of the import, if there was one."""
        return failure_of(self.calls)

    @property
    def logs(self) -> list[tuple[str, str]]:
        """The log entries of the import as (level, text)."""
        return logs_of(self.calls)


def failure_of(calls: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Find the failure among host calls; more than one is an error."""
    found = [call["args"] for call in calls if call["op"] == "failure"]
    if len(found) > 1:
        raise AssertionError(f"{len(found)} failures: {found}")
    return found[0] if found else None


def logs_of(calls: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """List the log entries among host calls."""
    return [(call["args"]["level"], call["text"]) for call in calls if call["op"] == "log"]


def request(
    method: str = "GET",
    url: str = "http://127.0.0.1:8787/",
    headers: list[list[str]] | None = None,
    body: bytes = b"",
    env: dict[str, Any] | None = None,
) -> str:
    """Write a request document."""
    return json.dumps(
        {
            "request": {
                "method": method,
                "url": url,
                "headers": headers or [],
                "body_base64": base64.b64encode(body).decode(),
            },
            "env": env or {},
        }
    )


class GuestTest(unittest.TestCase):
    """A test that runs workers in one booted guest."""

    guest: subprocess.Popen[bytes]

    @classmethod
    def setUpClass(cls) -> None:
        """Boot the guest."""
        cls.guest = subprocess.Popen(
            [sys.executable, "-S", str(GUEST)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    @classmethod
    def tearDownClass(cls) -> None:
        """End the guest."""
        assert cls.guest.stdin is not None
        assert cls.guest.stdout is not None
        cls.guest.stdin.close()
        cls.guest.stdout.close()
        cls.guest.wait()

    def setUp(self) -> None:
        """Make a directory for the project."""
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)

    def job(self, job: dict[str, Any]) -> dict[str, Any]:
        """Send a job to the guest and give its result."""
        assert self.guest.stdin is not None
        assert self.guest.stdout is not None
        self.guest.stdin.write(json.dumps(job).encode() + b"\n")
        self.guest.stdin.flush()
        line = self.guest.stdout.readline()
        self.assertTrue(line, "the guest ended")
        result: dict[str, Any] = json.loads(line)
        return result

    def script(self, code: str) -> Any:
        """Run code in a booted guest and give what it left in `value`."""
        result = self.job({"script": textwrap.dedent(code)})
        if "crash" in result:
            raise AssertionError(result["crash"])
        return result["value"]

    def load(
        self,
        entry: str,
        *requests: str,
        env: dict[str, Any] | None = None,
        files: dict[str, str | bytes] | None = None,
    ) -> Loaded:
        """Write a project whose entry module is `entry`, load it, and send it requests."""
        for name, content in {"src/entry.py": entry, **(files or {})}.items():
            file = self.root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                file.write_bytes(content)
            else:
                file.write_text(textwrap.dedent(content), encoding="utf-8")
        config = {
            "name": "test",
            "module": "entry",
            "root": str(self.root),
            "path": [str(self.root / "src"), str(self.root), str(self.root / "site-packages")],
            "env": env or {},
        }
        return Loaded(self.job({"config": config, "requests": list(requests)}))

    def ask(self, entry: str, *requests: str, **options: Any) -> Answer:
        """Load a worker, send it one request, and give the answer."""
        loaded = self.load(entry, *(requests or (request(),)), **options)
        self.assertTrue(loaded.ok, loaded.failure)
        return loaded.answers[0]
