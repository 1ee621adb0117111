"""A Model Context Protocol server: what an AI assistant can call, read and ask with."""

from typing import Annotated, Literal

from pymode.mcp import MCP
from pymode.workers import Env

mcp = MCP("weather", version="1.0", instructions="Made-up weather of three cities.")

CITIES = {"oslo": (-2, "snow"), "rome": (19, "sun"), "quito": (14, "rain")}


@mcp.tool
def forecast(
    city: Annotated[str, "one of the cities of weather://cities"],
    env: Env,
    days: int = 3,
) -> dict:
    """The weather of the next days."""
    if city.lower() not in CITIES:
        raise ValueError(f"no weather for {city}: there are {', '.join(CITIES)}")
    degrees, sky = CITIES[city.lower()]
    return {
        "city": city,
        "days": [{"temperature": f"{degrees + n} {env.UNITS}", "sky": sky} for n in range(days)],
    }


@mcp.tool
async def convert(degrees: float, to: Literal["C", "F"]) -> float:
    """A temperature in the other unit."""
    return degrees * 9 / 5 + 32 if to == "F" else (degrees - 32) * 5 / 9


@mcp.resource("weather://cities")
def cities() -> list[str]:
    """The cities that there are forecasts for."""
    return list(CITIES)


@mcp.resource("weather://cities/{city}", mime_type="text/plain")
def sky(city: str) -> str:
    """The sky over a city."""
    return CITIES[city.lower()][1]


@mcp.prompt
def packing(city: str, days: int = 3) -> str:
    """What to pack for a journey."""
    return f"I travel to {city} for {days} days. Look up the weather and tell me what to pack."


on_fetch = mcp.handler()
