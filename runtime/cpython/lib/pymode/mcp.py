"""A Model Context Protocol server: tools, resources and prompts from functions.

    from pymode.mcp import MCP

    mcp = MCP("weather", version="1.0")

    @mcp.tool
    def forecast(city: str, days: int = 3) -> dict:
        "The weather of the next days."
        return {"city": city, "days": [...]}

    @mcp.resource("users://{id}")
    def user(id: int) -> dict: ...

    @mcp.prompt
    def summarize(text: str) -> str: ...

    on_fetch = mcp.handler()

Names, descriptions and schemas come from the functions: their names, doc
strings and type hints (`Annotated[str, "what it is"]` describes a parameter).
Functions may be async. Parameters named `env` and `request` get the handler's
own, and are not shown to the client.

The transport is streamable HTTP without sessions and streams: each POST is
answered by one JSON document. Spoken are the versions 2024-11-05 to 2025-11-25.
What a tool raises goes to the client as a result with isError; the traceback
to the log. Arguments that don't match the hints are such a result too since
2025-11-25, and the error -32602 before, as each version wants it.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from typing import Any

from pymode import _mcp_content as contents
from pymode._mcp_content import Image
from pymode._mcp_function import Function
from pymode._mcp_resource import Resource
from pymode._mcp_rpc import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    RESOURCE_NOT_FOUND,
    VERSIONS,
    RPCError,
    serve,
    version_of,
)
from pymode._mcp_schema import ValueMismatchError, convert
from pymode._request import Request
from pymode._response import Response

__all__ = ["MCP", "Image", "MCPServer"]

_Function = Callable[..., Any]
_LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")


class MCP:
    """A server under a name: collects functions, and answers requests."""

    def __init__(self, name: str, version: str = "0.1.0", instructions: str | None = None) -> None:
        if not isinstance(name, str) or not name:
            raise TypeError("an MCP server needs a name")
        self.name = name
        self.version = version
        self.instructions = instructions
        self._tools: dict[str, Function] = {}
        self._resources: dict[str, Resource] = {}
        self._prompts: dict[str, Function] = {}

    def tool(
        self,
        function: _Function | None = None,
        /,
        *,
        name: str | None = None,
        description: str | None = None,
    ) -> Any:
        """Make a function a tool: `@mcp.tool`, or `@mcp.tool(name=…, description=…)`.

        A result that is a dict, a TypedDict or a dataclass is structured
        content as well as text; bytes of an image, or an `Image`, are an image.
        """
        return self._adder(self._tools, "tool", function, name, description)

    def prompt(
        self,
        function: _Function | None = None,
        /,
        *,
        name: str | None = None,
        description: str | None = None,
    ) -> Any:
        """Make a function a prompt. It gives text, (role, text), or a list of them."""
        return self._adder(self._prompts, "prompt", function, name, description)

    def _adder(
        self,
        known: dict[str, Function],
        what: str,
        function: _Function | None,
        name: str | None,
        description: str | None,
    ) -> Any:
        def add(function: _Function) -> _Function:
            made = Function(function, name, description)
            if made.name in known:
                raise ValueError(f"MCP server {self.name!r} has a {what} {made.name!r} already")
            known[made.name] = made
            return function

        return add if function is None else add(function)

    def resource(
        self,
        uri: str,
        *,
        name: str | None = None,
        description: str | None = None,
        mime_type: str | None = None,
    ) -> Callable[[_Function], _Function]:
        """Make a function a resource, or with {variables} in the URI a template.

        Text is text, bytes are a blob, everything else is JSON.
        """

        def add(function: _Function) -> _Function:
            if uri in self._resources:
                raise ValueError(f"MCP server {self.name!r} has a resource {uri} already")
            self._resources[uri] = Resource(uri, function, name, description, mime_type)
            return function

        return add

    def handler(self) -> Callable[[Request, Any], Any]:
        """Make the worker's handler: `on_fetch = mcp.handler()`."""

        async def on_fetch(request: Request, env: Any) -> Response:
            return await self.fetch(request, env)

        # It counts as the module's own function, which the runtime looks for.
        on_fetch.__module__ = sys._getframe(1).f_globals.get("__name__", "entry")
        return on_fetch

    async def fetch(self, request: Request, env: Any = None) -> Response:
        """Answer a request of a client, on whatever path it comes."""

        async def dispatch(method: str, params: dict[str, Any]) -> dict[str, Any]:
            answer = self._METHODS.get(method)
            if answer is None:
                raise RPCError(METHOD_NOT_FOUND, f"there is no method {method!r}")
            return await answer(self, params, request, env)

        return await serve(request, dispatch)

    async def _initialize(self, params: dict[str, Any], _request: Any, _env: Any) -> dict[str, Any]:
        wanted = params.get("protocolVersion")
        if not isinstance(wanted, str):
            raise RPCError(INVALID_PARAMS, "protocolVersion must be a string")
        capabilities: dict[str, Any] = {"logging": {}, "completions": {}}
        for kind, known in (
            ("tools", self._tools),
            ("resources", self._resources),
            ("prompts", self._prompts),
        ):
            if known:
                capabilities[kind] = {"listChanged": False}
        shown: dict[str, Any] = {
            "protocolVersion": wanted if wanted in VERSIONS else VERSIONS[-1],
            "capabilities": capabilities,
            "serverInfo": {"name": self.name, "version": self.version},
        }
        if self.instructions:
            shown["instructions"] = self.instructions
        return shown

    async def _ping(self, _params: Any, _request: Any, _env: Any) -> dict[str, Any]:
        return {}

    async def _set_level(self, params: dict[str, Any], _request: Any, _env: Any) -> dict[str, Any]:
        if params.get("level") not in _LEVELS:
            raise RPCError(INVALID_PARAMS, f"the level must be one of {', '.join(_LEVELS)}")
        return {}

    async def _list_tools(self, params: dict[str, Any], _request: Any, _env: Any) -> dict[str, Any]:
        _first_page(params)
        tools = []
        for tool in self._tools.values():
            shown: dict[str, Any] = {"name": tool.name, "inputSchema": tool.input_schema()}
            if tool.description:
                shown["description"] = tool.description
            if output := tool.output_schema():
                shown["outputSchema"] = output
            tools.append(shown)
        return {"tools": tools}

    async def _call_tool(
        self, params: dict[str, Any], request: Request, env: Any
    ) -> dict[str, Any]:
        tool = _named(self._tools, "tool", params)
        try:
            arguments = tool.arguments(_arguments(params))
        except ValueMismatchError as error:
            if version_of(request) < "2025-11-25":
                raise RPCError(INVALID_PARAMS, f"{tool.name}: {error}") from None
            return _failed(str(error))
        try:
            return _result(tool, await tool.call(arguments, request, env))
        except Exception as error:
            tool.log(error)
            return _failed(str(error) or type(error).__name__)

    async def _list_resources(
        self, params: dict[str, Any], _request: Any, _env: Any
    ) -> dict[str, Any]:
        _first_page(params)
        return {"resources": [r.as_dict() for r in self._resources.values() if not r.is_template]}

    async def _list_templates(
        self, params: dict[str, Any], _request: Any, _env: Any
    ) -> dict[str, Any]:
        _first_page(params)
        templates = [r.as_dict() for r in self._resources.values() if r.is_template]
        return {"resourceTemplates": templates}

    async def _read_resource(
        self, params: dict[str, Any], request: Request, env: Any
    ) -> dict[str, Any]:
        uri = params.get("uri")
        if not isinstance(uri, str):
            raise RPCError(INVALID_PARAMS, "uri must be a string")
        # What is written out counts before what a template matches.
        for resource in sorted(self._resources.values(), key=lambda r: r.is_template):
            variables = resource.match(uri)
            if variables is not None:
                value = await _call_with_text(resource.function, variables, request, env)
                return {"contents": [_made(contents.resource, uri, resource.mime_type, value)]}
        raise RPCError(RESOURCE_NOT_FOUND, f"there is no resource {uri}", {"uri": uri})

    async def _list_prompts(
        self, params: dict[str, Any], _request: Any, _env: Any
    ) -> dict[str, Any]:
        _first_page(params)
        prompts = []
        for prompt in self._prompts.values():
            shown: dict[str, Any] = {"name": prompt.name, "arguments": []}
            if prompt.description:
                shown["description"] = prompt.description
            made = prompt.input_schema()
            for name, property in made["properties"].items():
                argument = {"name": name, "required": name in made.get("required", ())}
                if text := property.get("description"):
                    argument["description"] = text
                shown["arguments"].append(argument)
            prompts.append(shown)
        return {"prompts": prompts}

    async def _get_prompt(
        self, params: dict[str, Any], request: Request, env: Any
    ) -> dict[str, Any]:
        prompt = _named(self._prompts, "prompt", params)
        given = _arguments(params)
        for name, text in given.items():
            if not isinstance(text, str):
                raise RPCError(INVALID_PARAMS, f"{prompt.name}: {name} must be a string")
        value = await _call_with_text(prompt, given, request, env)
        shown: dict[str, Any] = {"messages": _made(contents.messages, value)}
        if prompt.description:
            shown["description"] = prompt.description
        return shown

    async def _complete(self, params: dict[str, Any], _request: Any, _env: Any) -> dict[str, Any]:
        ref, argument = params.get("ref"), params.get("argument")
        if not isinstance(ref, dict) or not isinstance(argument, dict):
            raise RPCError(INVALID_PARAMS, "ref and argument must be objects")
        name, text = argument.get("name"), argument.get("value")
        if not isinstance(name, str) or not isinstance(text, str):
            raise RPCError(INVALID_PARAMS, "the argument must have a name and a value")
        if ref.get("type") == "ref/prompt":
            function = _named(self._prompts, "prompt", ref)
        elif ref.get("type") == "ref/resource" and ref.get("uri") in self._resources:
            function = self._resources[ref["uri"]].function
        else:
            raise RPCError(INVALID_PARAMS, "ref names no prompt and no resource template")
        values = [value for value in function.choices(name) if value.startswith(text)]
        return {
            "completion": {
                "values": values[:100],
                "total": len(values),
                "hasMore": len(values) > 100,
            }
        }

    _METHODS: dict[str, Callable[..., Any]] = {  # noqa: RUF012
        "initialize": _initialize,
        "ping": _ping,
        "logging/setLevel": _set_level,
        "tools/list": _list_tools,
        "tools/call": _call_tool,
        "resources/list": _list_resources,
        "resources/templates/list": _list_templates,
        "resources/read": _read_resource,
        "prompts/list": _list_prompts,
        "prompts/get": _get_prompt,
        "completion/complete": _complete,
    }


MCPServer = MCP


def _first_page(params: dict[str, Any]) -> None:
    """Refuse a cursor: all lists are given whole, so none was handed out."""
    if params.get("cursor") is not None:
        raise RPCError(INVALID_PARAMS, "the cursor is none of this server's")


def _named(known: dict[str, Function], what: str, params: dict[str, Any]) -> Function:
    name = params.get("name")
    if not isinstance(name, str) or name not in known:
        raise RPCError(INVALID_PARAMS, f"there is no {what} {name!r}")
    return known[name]


def _arguments(params: dict[str, Any]) -> dict[str, Any]:
    given = params.get("arguments")
    if given is not None and not isinstance(given, dict):
        raise RPCError(INVALID_PARAMS, "the arguments must be an object")
    return given or {}


async def _call_with_text(
    function: Function, given: dict[str, str], request: Request, env: Any
) -> Any:
    """Call a resource's or prompt's function, whose arguments come as text."""
    try:
        arguments = function.arguments_of_text(given)
    except ValueMismatchError as error:
        raise RPCError(INVALID_PARAMS, f"{function.name}: {error}") from None
    try:
        return await function.call(arguments, request, env)
    except Exception as error:
        function.log(error)
        raise RPCError(
            INTERNAL_ERROR, f"{function.name}: {error or type(error).__name__}"
        ) from None


def _made(make: Callable[..., Any], *values: Any) -> Any:
    try:
        return make(*values)
    except (TypeError, ValueError) as error:
        raise RPCError(INTERNAL_ERROR, str(error)) from None


def _result(tool: Function, value: Any) -> dict[str, Any]:
    """Make a tool's result; TypeError and ValueError where it can't be sent."""
    shown: dict[str, Any] = {"content": contents.blocks(value), "isError": False}
    structured = None
    if not isinstance(value, (bytes, str, list, tuple, contents.Image)):
        structured = contents.plain(value)
    if tool.output_schema() is not None and not dataclasses.is_dataclass(value):
        convert(tool.returns, structured, "the result")
    if isinstance(structured, dict):
        shown["structuredContent"] = structured
    return shown


def _failed(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], "isError": True}
