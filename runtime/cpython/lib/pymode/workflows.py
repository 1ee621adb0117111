"""Workflows: steps whose results outlive the request that ran them.

    from pymode.workflows import Workflow

    wf = Workflow("order")

    @wf.step(retries=3, backoff=1.0, timeout=30)
    def charge(ctx):
        return pay(ctx.input["card"])

    @wf.step
    async def ship(ctx):
        return await send(ctx.results["charge"])

    on_fetch = wf.handler()

Steps run in the order in which they are defined. The result of each, which
must be JSON, is on the host's disk before the next begins: a run that ended
early, by an exception, a limit, or a console that was killed, is resumed with
the first step that has no result. A step that was interrupted in the middle
runs again, so what it does outside should bear being done twice.

| route | body or query | answer |
|---|---|---|
| POST /workflow/run | `{"input": …, "id": …}`, the id if wanted, or the input itself | the run |
| POST /workflow/resume | `{"id": …}` | the run; one that is complete as it was stored |
| GET /workflow/info | | name, steps with their options, and the last runs |
| GET /workflow/info?id=… | | one run with its journal |

A run is `{"id", "status", "result", "steps"}`; its result is the last step's.
The status is 200 where it is complete, 500 where a step has failed (with
"error"), 404 for an unknown id, 409 for a run that another request is running,
or a new run's id that is taken, and 400 for a body that is wrong.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from typing import Any, overload

from pymode._request import Request
from pymode._response import Response
from pymode._workflows_journal import (
    Run,
    RunConflictError,
    RunNotFoundError,
    WorkflowError,
    ask,
)
from pymode._workflows_run import execute, parse
from pymode._workflows_step import NonRetryableError, Step, StepContext, StepTimeoutError

__all__ = [
    "NonRetryableError",
    "RunConflictError",
    "RunNotFoundError",
    "StepContext",
    "StepTimeoutError",
    "Workflow",
    "WorkflowError",
]

# Tracebacks and messages name them as they are imported.
for _public in (
    NonRetryableError,
    RunConflictError,
    RunNotFoundError,
    StepContext,
    StepTimeoutError,
    WorkflowError,
):
    _public.__module__ = __name__

_Function = Callable[..., Any]


class Workflow:
    """Steps under a name, and the routes that run them."""

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise TypeError("a workflow needs a name")
        self.name = name
        self.steps: list[Step] = []

    @overload
    def step(self, function: _Function, /) -> _Function: ...
    @overload
    def step(
        self,
        *,
        name: str | None = None,
        retries: int = 0,
        backoff: float | str = 1.0,
        timeout: float | None = None,
    ) -> Callable[[_Function], _Function]: ...

    def step(
        self,
        function: _Function | None = None,
        /,
        *,
        name: str | None = None,
        retries: int = 0,
        backoff: float | str = 1.0,
        timeout: float | None = None,
    ) -> Any:
        """Make a function, plain or async, the next step.

        It is tried again `retries` times after it has raised, `backoff`
        seconds later, then twice as long, and so on to a minute; or
        "exponential" (1, 2, 4 … s), "linear" (1, 2, 3 … s) or "constant" (1 s
        always). `timeout` is in seconds and for one attempt: a coroutine is
        cancelled then; a plain function can't be interrupted, and has failed
        when it returns later. A step that raises NonRetryableError is not
        tried again.
        """

        def add(function: _Function) -> _Function:
            title = name or getattr(function, "__name__", "")
            if any(step.name == title for step in self.steps):
                raise ValueError(f"workflow {self.name!r} has a step {title!r} already")
            self.steps.append(Step(function, title, retries, backoff, timeout))
            return function

        return add if function is None else add(function)

    async def run(
        self, value: Any = None, *, id: str | None = None, env: Any = None
    ) -> dict[str, Any]:
        """Run the steps for an input, and give the run.

        Raises RunConflictError where there is a run of that id.
        """
        run = Run.begin(self.name, id or uuid.uuid4().hex, value)
        return (await execute(run, self.steps, env)).as_dict()

    async def resume(self, id: str, *, env: Any = None) -> dict[str, Any]:
        """Go on with a run, and give it; one that is complete as it was stored.

        Raises RunNotFoundError, and RunConflictError where somebody runs it.
        """
        return (await execute(Run.resume(self.name, id), self.steps, env)).as_dict()

    def info(self, id: str | None = None) -> dict[str, Any]:
        """Describe the workflow and its last runs, or one run with its journal."""
        if id is not None:
            return ask("load", self.name, id)
        known = ask("list", self.name)
        return {
            "name": self.name,
            "steps": [step.as_dict() for step in self.steps],
            "runs": known["runs"],
            "total_runs": known["total"],
        }

    def handler(self) -> Callable[[Request, Any], Any]:
        """Make the worker's handler: `on_fetch = wf.handler()`."""

        async def on_fetch(request: Request, env: Any) -> Response:
            return await self.fetch(request, env)

        # It counts as the module's own function, which the runtime looks for.
        on_fetch.__module__ = sys._getframe(1).f_globals.get("__name__", "entry")
        return on_fetch

    async def fetch(self, request: Request, env: Any = None) -> Response:
        """Answer a request to one of the routes; 404 to others."""
        route = "/".join(request.path.rstrip("/").rsplit("/", 2)[-2:])
        method = _ROUTES.get(route)
        if method is None:
            return _refuse(404, f"no route {request.path}; there are /{', /'.join(_ROUTES)}")
        if request.method != method:
            response = _refuse(405, f"/{route} takes {method}")
            response.headers.set("Allow", method)
            return response
        try:
            if route == "workflow/info":
                return Response.json(self.info(*request.query.get("id", ())[:1]))
            return await self._post(route, parse(request.body), env)
        except RunNotFoundError as error:
            return _refuse(404, str(error))
        except RunConflictError as error:
            return _refuse(409, str(error))
        except (TypeError, ValueError) as error:
            return _refuse(400, str(error))

    async def _post(self, route: str, body: Any, env: Any) -> Response:
        id = body.get("id") if isinstance(body, dict) else None
        if route == "workflow/resume":
            if not isinstance(id, str) or not id:
                raise ValueError('the body must be {"id": "…"}, the id of the run to resume')
            run = await self.resume(id, env=env)
        elif isinstance(body, dict) and "input" in body and body.keys() <= {"input", "id"}:
            if id is not None and (not isinstance(id, str) or not id):
                raise ValueError("the id must be a string")
            run = await self.run(body["input"], id=id, env=env)
        else:
            run = await self.run(body, env=env)
        return Response.json(run, 200 if run["status"] == "complete" else 500)


_ROUTES = {"workflow/run": "POST", "workflow/resume": "POST", "workflow/info": "GET"}


def _refuse(status: int, text: str) -> Response:
    return Response.json({"error": text}, status)
