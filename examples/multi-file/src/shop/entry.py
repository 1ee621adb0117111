"""The shop's routes."""

from pymode.workers import Env, Request, Response

from . import catalog
from .pages import render


def on_fetch(request: Request, env: Env) -> Response | list[dict] | tuple[dict, int]:
    """Answer one request."""
    match request.path.strip("/").split("/"):
        case [""]:
            return html(render("The shop", catalog.PRODUCTS))
        case ["products"]:
            return [product.as_dict() for product in catalog.PRODUCTS]
        case ["products", slug]:
            product = catalog.find(slug)
            if product is None:
                return {"error": f"no product {slug!r}"}, 404
            return html(render(product.name, [product]))
        case _:
            return {"error": f"no route for {request.path}"}, 404


def html(page: str) -> Response:
    """Make a page a response."""
    return Response(page, headers={"Content-Type": "text/html; charset=utf-8"})
