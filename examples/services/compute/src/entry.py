"""Counts primes, in children of its own."""

from pymode.parallel import map_parallel
from pymode.workers import Env, Request, Response


def primes(span: range) -> int:
    """Count the primes in a span."""
    return sum(n > 1 and all(n % d for d in range(2, int(n**0.5) + 1)) for n in span)


def on_fetch(request: Request, env: Env) -> Response:
    """Count the primes below n, halved between two instances."""
    n = int(request.query.get("n", ["100"])[0])
    if not 0 <= n <= 100_000:
        return Response(f"n is {n}, want 0 to 100,000", status=400)
    halves = [range(n // 2), range(n // 2, n)]
    return Response.json({"primes": sum(map_parallel(primes, halves))})
