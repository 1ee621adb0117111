"""Running the steps of a workflow, with its journal."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from pymode._workflows_journal import Run, encode
from pymode._workflows_step import NonRetryableError, Step, StepContext


class _StepFailedError(Exception):
    """A step has failed for good; holds the text for the journal."""


async def execute(run: Run, steps: list[Step], env: Any) -> Run:
    """Run the steps that the journal has no result of, and write down the end."""
    if run.status == "complete":
        return run
    results: dict[str, Any] = {}
    value: Any = None
    context = StepContext(run.id, run.input, results, env)
    try:
        for position, step in enumerate(steps):
            entry = run.steps.get(step.name)
            if entry is None or entry["status"] != "complete":
                await _perform(run, step, position, context)
            # As the journal has it, so that a resumed run sees the same.
            value = results[step.name] = run.steps[step.name].get("result")
    except _StepFailedError as failure:
        run.finish("failed", error=str(failure))
        return run
    run.finish("complete", value)
    return run


async def _perform(run: Run, step: Step, position: int, context: StepContext) -> None:
    """Try a step until it gives a result; _StepFailedError where it gives none."""
    for attempt in range(1, step.retries + 2):
        context.attempt = attempt
        run.write(step.name, position, "running")
        try:
            value = await step.attempt(context)
        except Exception as error:
            _show(error, step.name, attempt)
            last = isinstance(error, NonRetryableError) or attempt > step.retries
            _fail(run, step, position, error, last)
        else:
            try:
                data = encode(f"the result of step {step.name!r}", value)
                run.complete(step.name, position, data)
            except (TypeError, ValueError) as error:
                # Another attempt would give another such result.
                _fail(run, step, position, error, True)
            return
        await asyncio.sleep(step.delay(attempt))


def _fail(run: Run, step: Step, position: int, error: Exception, last: bool) -> None:
    """Write down that an attempt has failed; with the last one the step has."""
    text = f"{type(error).__name__}: {error}"
    run.write(step.name, position, "failed", text)
    if last:
        raise _StepFailedError(f"step {step.name!r}: {text}") from None


def _show(error: Exception, step: str, attempt: int) -> None:
    """Log where an attempt has failed, in the worker's own code."""
    from pymode import _worker
    from pymode._traceback import describe

    failure = describe(error, _worker.WORKER.project)
    print(f"step {step!r}, attempt {attempt}: {failure.text.rstrip()}", file=sys.stderr)


def parse(body: bytes) -> Any:
    """Read a request's body as JSON, None where it is empty; ValueError for others."""
    try:
        return json.loads(body) if body.strip() else None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the body is no JSON: {error}") from None
