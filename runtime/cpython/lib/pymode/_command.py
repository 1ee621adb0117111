"""What the interpreter needs when it is run as a command, without a worker."""

from __future__ import annotations

from types import ModuleType

from pymode import _absent, _patching


def _patch_asyncio(_: ModuleType) -> None:
    """Give asyncio the event loop that works here: its own wants socket pairs."""
    from pymode import _loop

    _loop.install()


def install() -> None:
    """Explain what is missing, and make asyncio work once it is imported."""
    _absent.install()
    _patching.when_imported("asyncio", _patch_asyncio)
