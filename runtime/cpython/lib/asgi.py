"""Cloudflare's name for `pymode.asgi`, so that its workers run unchanged."""

from __future__ import annotations

from pymode.asgi import fetch

__all__ = ["fetch"]
