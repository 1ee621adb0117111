"""What libraries import at their first use, imported with them.

Each request runs in an instance of its own: what the import of a worker leaves to the first
request is done in every one of them.
"""

from __future__ import annotations

import importlib
from typing import Any

from pymode import _patching

# By the module that will want it. Starlette (so FastAPI) takes 45 ms for anyio's part for asyncio.
_WANTED = {
    "starlette.applications": ("anyio._backends._asyncio",),
    "fastapi.applications": ("fastapi.telemetry._runtime",),
}


def install() -> None:
    """Watch for the imports of the libraries."""
    for name, wanted in _WANTED.items():

        def follow(_module: Any, wanted: tuple[str, ...] = wanted) -> None:
            for other in wanted:
                try:
                    importlib.import_module(other)
                except ImportError:
                    # Another version does without it.
                    continue

        _patching.when_imported(name, follow)
