"""A worker that answers with JSON."""

from pymode.workers import Env, Request, Response


def on_fetch(request: Request, env: Env) -> Response:
    """Answer one request."""
    if request.path != "/":
        return Response.json({"error": f"no route for {request.method} {request.path}"}, status=404)
    name = request.query.get("name", ["world"])[0]
    return Response.json({"message": f"{env.GREETING}, {name}!"})
