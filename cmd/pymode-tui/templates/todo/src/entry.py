"""A worker that keeps a list in D1."""

from pymode.workers import Env, Request, Response


def on_fetch(request: Request, env: Env) -> Response:
    """List what is to do, or add to it: POST {"title": "…"}."""
    match request.method, request.path:
        case "GET", "/":
            return Response.json(
                env.DB.prepare("SELECT id, title FROM todo ORDER BY id").all().results
            )
        case "POST", "/":
            title = request.json().get("title", "")
            if not title:
                return Response.json({"error": "title is missing"}, status=400)
            env.DB.prepare("INSERT INTO todo (title) VALUES (?)").bind(title).run()
            return Response.json({"title": title}, status=201)
        case _:
            return Response.json(
                {"error": f"no route for {request.method} {request.path}"}, status=404
            )
