"""A worker that counts its visitors in KV: one number for each path."""

from pymode.workers import Env, Request, Response


def on_fetch(request: Request, env: Env) -> Response:
    """Count one visit; DELETE begins anew."""
    key = f"visits:{request.path}"
    if request.method == "DELETE":
        env.COUNTS.delete(key)
        return Response(status=204)
    visits = int(env.COUNTS.get(key) or 0) + 1
    env.COUNTS.put(key, str(visits))
    return Response.json({"path": request.path, "visits": visits})
