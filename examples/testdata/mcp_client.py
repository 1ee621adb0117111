"""Does with a server what a client of the protocol does, and prints what it got as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from mcp import Client, MCPError


async def main(url: str, mode: str) -> None:
    """Connect in a mode and call every method."""
    got: dict[str, Any] = {}
    async with Client(url, mode=mode) as client:
        got["version"] = client.protocol_version
        got["server"] = f"{client.server_info.name} {client.server_info.version}"
        tools = (await client.list_tools()).tools
        got["tools"] = [f"{tool.name}: {tool.description}" for tool in tools]
        result = await client.call_tool("forecast", {"city": "Oslo", "days": 2})
        got["forecast"] = result.structured_content
        result = await client.call_tool("convert", {"degrees": 100, "to": "F"})
        got["convert"] = result.content[0].text
        result = await client.call_tool("forecast", {"city": "Paris"})
        got["failed"] = [result.is_error, result.content[0].text]
        result = await client.call_tool("forecast", {"city": "Oslo", "days": "two"})
        got["invalid"] = [result.is_error, result.content[0].text]
        got["resources"] = [str(r.uri) for r in (await client.list_resources()).resources]
        templates = (await client.list_resource_templates()).resource_templates
        got["templates"] = [template.uri_template for template in templates]
        got["cities"] = (await client.read_resource("weather://cities")).contents[0].text
        got["sky"] = (await client.read_resource("weather://cities/quito")).contents[0].text
        try:
            await client.read_resource("weather://seas")
        except MCPError as error:
            got["unknown"] = error.error.code
        prompts = (await client.list_prompts()).prompts
        got["prompts"] = [" ".join([p.name, *(a.name for a in p.arguments)]) for p in prompts]
        prompt = await client.get_prompt("packing", {"city": "Rome", "days": "5"})
        got["prompt"] = prompt.messages[0].content.text
    print(json.dumps(got))


asyncio.run(main(*sys.argv[1:]))
