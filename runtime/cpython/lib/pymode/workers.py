"""What a worker is written with: requests, responses, and the class form."""

from pymode._entrypoint import Context, WorkerEntrypoint
from pymode._forms import Form, FormFile
from pymode._headers import Headers
from pymode._request import Request
from pymode._response import Response
from pymode.env import Env

__all__ = [
    "Context",
    "Env",
    "Form",
    "FormFile",
    "Headers",
    "Request",
    "Response",
    "WorkerEntrypoint",
]
