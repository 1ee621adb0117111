"""The journal of a workflow's runs, which the host keeps on disk."""

from __future__ import annotations

import json
from typing import Any

import _pymode

from pymode import _host


class WorkflowError(Exception):
    """A workflow can't do what is asked of it; the text says why."""


class RunNotFoundError(WorkflowError):
    """There is no run of that id."""


class RunConflictError(WorkflowError):
    """The run is another request's at the moment, or its id is taken."""


_ERRORS: dict[str, type[Exception]] = {
    "TypeError": TypeError,
    "RangeError": ValueError,
    "RunNotFound": RunNotFoundError,
    "RunConflict": RunConflictError,
}


def ask(
    op: str, workflow: str, run_id: str = "", value: bytes = b"", **args: Any
) -> dict[str, Any]:
    """Ask the host's journal; its errors become exceptions of their own classes."""
    try:
        answer, _ = _host.call(
            f"workflow.{op}", {"workflow": workflow, "id": run_id, **args}, value
        )
    except _pymode.HostError as error:
        name, colon, text = str(error).partition(": ")
        cls = _ERRORS.get(name) if colon else None
        if cls is None:
            raise WorkflowError(str(error)) from None
        raise cls(text) from None
    return dict(answer)


def encode(what: str, value: Any) -> bytes:
    """Write a value as the journal has it; TypeError where it is no JSON."""
    try:
        return json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"{what} can't be kept in the journal as JSON: {error}") from None


class Run:
    """A run that this request holds: what its journal has, and how to add to it."""

    def __init__(self, workflow: str, record: dict[str, Any]) -> None:
        self.workflow = workflow
        self.id: str = record["id"]
        self.input: Any = record.get("input")
        self.status: str = record["status"]
        self.result: Any = record.get("result")
        self.error: str = record.get("error", "")
        self.steps: dict[str, dict[str, Any]] = {
            step["name"]: step for step in record.get("steps", ())
        }
        self._lease: str = record.get("lease", "")

    @classmethod
    def begin(cls, workflow: str, run_id: str, value: Any) -> Run:
        """Write a new run; RunConflictError where there is one of that id."""
        return cls(workflow, ask("begin", workflow, run_id, encode("the input", value)))

    @classmethod
    def resume(cls, workflow: str, run_id: str) -> Run:
        """Take an old run; one that is complete is only read.

        Raises RunNotFoundError, and RunConflictError where somebody runs it.
        """
        return cls(workflow, ask("begin", workflow, run_id, resume=True))

    def write(self, step: str, position: int, status: str, error: str = "") -> None:
        """Write that an attempt of a step begins, or has failed."""
        self._write(step, position, status, error, b"")

    def complete(self, step: str, position: int, value: bytes) -> None:
        """Write the result of a step, which is then never run again."""
        self._write(step, position, "complete", "", value)

    def _write(self, step: str, position: int, status: str, error: str, value: bytes) -> None:
        ask(
            "step",
            self.workflow,
            self.id,
            value,
            lease=self._lease,
            step=step,
            position=position,
            status=status,
            error=error,
        )
        entry = self.steps.setdefault(step, {"name": step, "attempts": 0})
        entry["status"] = status
        entry["attempts"] += status == "running"
        entry.pop("error", None)
        if error:
            entry["error"] = error
        if status == "complete":
            entry["result"] = json.loads(value)

    def finish(self, status: str, value: Any = None, error: str = "") -> None:
        """Write how the run ended, and let go of it."""
        data = encode("the result", value) if status == "complete" else b""
        ask("finish", self.workflow, self.id, data, lease=self._lease, status=status, error=error)
        self.status, self.result, self.error = status, value, error

    def as_dict(self) -> dict[str, Any]:
        """Describe the run as its routes answer it."""
        shown: dict[str, Any] = {"id": self.id, "status": self.status, "result": self.result}
        if self.error:
            shown["error"] = self.error
        shown["steps"] = list(self.steps.values())
        return shown
