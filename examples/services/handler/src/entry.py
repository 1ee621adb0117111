"""Lets another worker count."""

from urllib.parse import urlencode

from pymode.workers import Env, Request


def on_fetch(request: Request, env: Env) -> dict[str, object]:
    """Ask compute for the primes below n."""
    n = request.query.get("n", ["100"])[0]
    answer = env.COMPUTE.fetch("/primes?" + urlencode({"n": n}))
    if answer.status != 200:
        return {"error": answer.text()}
    return {"n": int(n), **answer.json()}
