"""A first worker: what a request brings along, and ways to answer it."""

from urllib.parse import unquote

from pymode.workers import Env, Request, Response

ROUTES = ["GET /", "GET /hello/NAME", "GET /query?KEY=VALUE", "GET /headers", "POST /echo"]


def on_fetch(request: Request, env: Env) -> Response | dict | tuple[dict, int]:
    """Answer one request."""
    match request.method, request.path.strip("/").split("/"):
        case "GET", [""]:
            return {"message": f"{env.GREETING}, world!", "routes": ROUTES}
        case "GET", ["hello", name]:
            return {"message": f"{env.GREETING}, {unquote(name)}!"}
        case "GET", ["query"]:
            return request.query
        case "GET", ["headers"]:
            return Response.json(dict(request.headers), headers={"X-Powered-By": "PyMode"})
        case "POST", ["echo"]:
            return echo(request)
        case _:
            return {"error": f"no route for {request.method} {request.path}"}, 404


def echo(request: Request) -> Response:
    """Give the body back, byte for byte, as the type it came with."""
    content_type = request.headers.get("content-type") or "application/octet-stream"
    return Response(request.bytes(), headers={"Content-Type": content_type})
