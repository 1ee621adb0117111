"""What the interpreter needs when it is run as a command, without a worker."""

from __future__ import annotations

import os
from types import ModuleType

from pymode import _absent, _patching


def _patch_asyncio(_: ModuleType) -> None:
    """Give asyncio the event loop that works here: its own wants socket pairs."""
    from pymode import _loop

    _loop.install()


# pytest wants to duplicate file descriptors and to keep a cache: neither works here.
_PYTEST = "-p no:faulthandler -p no:cacheprovider --capture=sys"


def install() -> None:
    """Explain what is missing, and make asyncio and pytest work."""
    _absent.install()
    os.environ.setdefault("PYTEST_ADDOPTS", _PYTEST)
    _patching.when_imported("asyncio", _patch_asyncio)
