"""An order in three steps: what is done stays done, whatever ends the request."""

import asyncio

from pymode.workflows import NonRetryableError, StepContext, Workflow

wf = Workflow("order")

PRICES = {"tea": 4, "coffee": 6}


@wf.step
def price(ctx: StepContext) -> int:
    """Look the price up; an unknown item stays unknown, so there is no retry."""
    item = ctx.input["item"]
    if item not in PRICES:
        raise NonRetryableError(f"there is no {item}: there are {', '.join(PRICES)}")
    return PRICES[item] * ctx.input.get("count", 1)


@wf.step(retries=3, backoff=0.1, timeout=5)
async def charge(ctx: StepContext) -> dict:
    """Charge the card. The bank of this example answers at the second attempt."""
    await asyncio.sleep(0.01)
    if ctx.attempt == 1:
        raise ConnectionError("the bank does not answer")
    return {"paid": ctx.results["price"], "reference": f"{ctx.run_id}-{ctx.attempt}"}


@wf.step
def ship(ctx: StepContext) -> str:
    """Send the parcel."""
    return f"{ctx.input['item']} sent, {ctx.results['charge']['paid']} paid"


on_fetch = wf.handler()
