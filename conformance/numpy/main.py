"""Nothing: what is here are the packages that numpy's tests want."""


async def on_fetch(request, env):  # noqa: ANN001, ANN201
    """Answer nothing."""
