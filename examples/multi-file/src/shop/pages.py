"""Pages from the template beside this module."""

from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template

from .catalog import Product

# Read once, at import: the file is part of the worker's image from then on.
PAGE = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
ITEM = Template('<li><a href="/products/$slug">$name</a> $price</li>')


def render(title: str, products: Iterable[Product]) -> str:
    """Fill the template."""
    items = (
        ITEM.substitute(
            slug=escape(product.slug),
            name=escape(product.name),
            price=escape(product.price),
        )
        for product in products
    )
    return PAGE.substitute(title=escape(title), items="\n    ".join(items))
