"""Orders, checked by pydantic; and by a JSON Schema that pydantic makes of the same model."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

import jsonschema
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pymode.workers import Response

if TYPE_CHECKING:
    from pymode.workers import Env, Request

Price = Annotated[Decimal, Field(gt=0, max_digits=9, decimal_places=2)]


class Item(BaseModel):
    """A line of an order."""

    model_config = ConfigDict(extra="forbid")

    sku: Annotated[str, Field(pattern=r"^[A-Z]{2}-\d{4}$")]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    price: Price


class Order(BaseModel):
    """What is posted."""

    customer: Annotated[str, Field(min_length=1, max_length=80)]
    delivery: date
    payment: Literal["card", "invoice"] = "card"
    items: Annotated[list[Item], Field(min_length=1)]

    @model_validator(mode="after")
    def _invoice_has_a_limit(self) -> Order:
        if self.payment == "invoice" and self.total() > 1000:
            raise ValueError("more than 1000 is not sold on invoice")
        return self

    def total(self) -> Decimal:
        """Return what all items cost."""
        return sum((item.count * item.price for item in self.items), Decimal(0))


SCHEMA = Order.model_json_schema()
CHECKER = jsonschema.Draft202012Validator(SCHEMA)


async def on_fetch(request: Request, env: Env) -> Response:
    """Answer POST /orders, POST /schema and GET /schema."""
    match request.method, request.path:
        case "POST", "/orders":
            return accept(request.text())
        case "POST", "/schema":
            found = CHECKER.iter_errors(request.json())
            errors = [f"{e.json_path}: {e.message}" for e in found]
            return Response.json({"errors": errors}, status=422 if errors else 200)
        case "GET", "/schema":
            return Response.json(SCHEMA)
    return Response.json({"error": "POST an order to /orders"}, status=404)


def accept(body: str) -> Response:
    """Take an order, or say what is wrong with it as pydantic does."""
    try:
        order = Order.model_validate_json(body)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        return Response.json({"detail": details}, status=422)
    answer = order.model_dump(mode="json") | {"total": str(order.total())}
    return Response.json(answer, status=201)
