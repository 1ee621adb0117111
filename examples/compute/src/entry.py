"""Computes with numpy, for whoever has it as a service binding."""

import numpy as np
import numpy.linalg  # each of these three would else be imported by the first request that uses it
import numpy.random
from pymode.workers import Env, Request, Response

LARGEST = 500  # rows and columns


def on_fetch(request: Request, env: Env) -> Response:
    """Answer one request."""
    try:
        match request.method, request.path:
            case "POST", "/multiply":
                left, right = (matrix(request.json(), name) for name in ("a", "b"))
                return Response.json({"product": (left @ right).tolist()})
            case "POST", "/solve":
                posted = request.json()
                solution = np.linalg.solve(matrix(posted, "a"), matrix(posted, "b"))
                return Response.json({"solution": solution.tolist()})
            case "GET", "/random":
                n = int(request.query.get("n", ["200"])[0])
                return Response.json(multiply_random(n))
            case "GET", "/primes":
                n = int(request.query.get("n", ["100"])[0])
                return Response.json({"primes": primes(n)})
    except (KeyError, TypeError, ValueError) as error:  # LinAlgError is a ValueError
        return Response.json({"error": str(error)}, status=422)
    return Response.json({"error": f"no route for {request.method} {request.path}"}, status=404)


def matrix(posted: object, name: str) -> np.ndarray:
    """Take a matrix out of what was posted, as rows of numbers."""
    rows = np.array(posted[name], dtype=float)
    if rows.ndim != 2 or max(rows.shape) > LARGEST:
        raise ValueError(f"{name} is no matrix of at most {LARGEST} rows and columns")
    return rows


def multiply_random(n: int) -> dict[str, object]:
    """Multiply an orthogonal matrix of n rows by its transposition: what comes out is 1."""
    if not 1 <= n <= LARGEST:
        raise ValueError(f"n is {n}, want 1 to {LARGEST}")
    orthogonal, _ = np.linalg.qr(np.random.default_rng(n).standard_normal((n, n)))
    product = orthogonal @ orthogonal.T
    return {
        "n": n,
        "trace": round(float(np.trace(product)), 6),
        "one": bool(np.allclose(product, np.eye(n))),
    }


def primes(n: int) -> int:
    """Count the primes below n, by the sieve of Eratosthenes."""
    if not 0 <= n <= 10_000_000:
        raise ValueError(f"n is {n}, want 0 to 10,000,000")
    sieve = np.ones(max(n, 2), dtype=bool)
    sieve[:2] = False
    for i in range(2, int(n**0.5) + 1):
        if sieve[i]:
            sieve[i * i :: i] = False
    return int(np.count_nonzero(sieve[:n]))
