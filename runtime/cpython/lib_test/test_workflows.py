"""Workflows, over a journal that a dict keeps."""

from __future__ import annotations

import json

from harness import Answer, GuestTest, request

JOURNAL = """
import json, time, _pymode
from pymode.workflows import NonRetryableError, Workflow

tell = _pymode.call
state = {"steps": []}

def call(op, args=b"{}", data=b""):
    if not op.startswith("workflow."):
        return tell(op, args, data)
    args = json.loads(args)
    tell("journal", json.dumps([op, args.get("step"), args.get("status")]).encode())
    if op == "workflow.begin":
        if args["id"] == "held":
            raise _pymode.HostError("RunConflict: held")
        if args["id"] == "broken":
            raise _pymode.HostError("the disk is full")
        if args.get("resume"):
            first = {"name": "first", "status": "complete", "attempts": 1, "result": "kept"}
            status = "complete" if args["id"] == "done" else "interrupted"
            answer = {"id": args["id"], "status": status, "input": 7, "result": "stored",
                      "steps": [first], "lease": "l"}
            return json.dumps(answer).encode(), b""
        return json.dumps({"id": args["id"], "status": "running", "input": json.loads(data),
                           "lease": "l"}).encode(), b""
    return b"{}", b""

_pymode.call = call
wf = Workflow("w")

@wf.step
def first(ctx): return "ran"

@wf.step(retries=2, backoff=0.01)
async def second(ctx):
    if ctx.input == "fail" or ctx.input == "once" and ctx.attempt == 1: raise ValueError("no")
    if ctx.input == "fatal": raise NonRetryableError("never")
    return (ctx.results["first"], ctx.attempt)

on_fetch = wf.handler()
"""


class Workflows(GuestTest):
    """The routes and the order of what is journaled."""

    def post(self, route: str, body: object) -> tuple[Answer, list[list[str | None]]]:
        """Send a route its body; gives the answer and what was journaled."""
        answer = self.ask(
            JOURNAL,
            request("POST", f"http://x/workflow/{route}", body=json.dumps(body).encode()),
        )
        return answer, [call["args"] for call in answer.calls if call["op"] == "journal"]

    def test_order(self) -> None:
        """A step's result is written before the next step begins."""
        answer, journal = self.post("run", {"id": "r", "input": "once"})
        self.assertEqual(answer.status, 200, answer.text)
        shown = json.loads(answer.text)
        self.assertEqual((shown["status"], shown["result"]), ("complete", ["ran", 2]))
        self.assertEqual([step["attempts"] for step in shown["steps"]], [1, 2])
        self.assertEqual(
            journal,
            [
                ["workflow.begin", None, None],
                ["workflow.step", "first", "running"],
                ["workflow.step", "first", "complete"],
                ["workflow.step", "second", "running"],
                ["workflow.step", "second", "failed"],
                ["workflow.step", "second", "running"],
                ["workflow.step", "second", "complete"],
                ["workflow.finish", None, "complete"],
            ],
        )

    def test_resume(self) -> None:
        """What has a result is not run, and a complete run not touched."""
        answer, journal = self.post("resume", {"id": "r"})
        self.assertEqual(json.loads(answer.text)["result"], ["kept", 1])
        self.assertNotIn("first", [step for _, step, _ in journal])
        answer, journal = self.post("resume", {"id": "done"})
        self.assertEqual((answer.status, json.loads(answer.text)["result"]), (200, "stored"))
        self.assertEqual([op for op, _, _ in journal], ["workflow.begin"])

    def test_failures(self) -> None:
        """Attempts are counted, logged with their place, and end the run."""
        for value, attempts, text in (
            ("fail", 3, "step 'second': ValueError: no"),
            ("fatal", 1, "step 'second': NonRetryableError: never"),
        ):
            with self.subTest(value):
                answer, journal = self.post("run", {"input": value})
                shown = json.loads(answer.text)
                self.assertEqual((answer.status, shown["error"]), (500, text))
                self.assertEqual(shown["steps"][1]["attempts"], attempts)
                self.assertEqual(journal[-1], ["workflow.finish", None, "failed"])
                logged = "\n".join(text for _, text in answer.logs)
                self.assertEqual(logged.count("src/entry.py"), attempts, logged)
                self.assertNotIn("_workflows", logged)

    def test_host_errors(self) -> None:
        """What the host refuses is a status; what it can't do is the worker's failure."""
        answer, _ = self.post("resume", {"id": "held"})
        self.assertEqual((answer.status, answer.text), (409, '{"error": "held"}'))
        answer, _ = self.post("resume", {"id": "broken"})
        self.assertEqual(answer.status, 500)
        self.assertIn("WorkflowError: the disk is full", answer.failure["message"])
