"""What a PyMode worker can import beside the standard library.

    from pymode.workers import Request, Response
    from pymode import CPUTimeExceeded

Modules whose name begins with an underscore are the runtime's own. The C code
calls `pymode._worker`: `boot` once, `load` once a change, `serve` once a
request, each in a copy of the memory the step before left behind.
"""

from _pymode import CPUTimeExceeded, HostError

__all__ = ["CPUTimeExceeded", "HostError"]
