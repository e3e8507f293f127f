"""Asks the gateway as a client of some protocol does, over a real socket."""

import json
from dataclasses import replace
from typing import Any

import httpx

from tests.gateway.conftest import KEY, World
from tests.hazards.dialects.talk import Ask, Call, Dialect, Heard, Tool, Turn

WEATHER = Tool(
    "get_weather",
    {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"],
    },
    "Weather in a city",
)
TIME = Tool("time", {"type": "object", "properties": {}}, "Time now")


def user(text: str) -> Turn:
    return Turn("user", text)


def said(text: str, **more: Any) -> Ask:
    """A single question."""
    return Ask((user(text),), **more)


class Answered:
    """A response: its status and headers, its bytes up to where they stopped, and what a client made of them."""

    def __init__(self, response: httpx.Response, body: bytes, heard: Heard) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.body = body
        self.heard = heard


async def ask(world: World, dialect: Dialect, asked: Ask, *, stream: bool = False, key: str = KEY) -> Answered:
    """A connection that ends in the middle of a body is no exception here: what came is what the client has."""
    asked = replace(asked, stream=stream)
    async with httpx.AsyncClient(timeout=20) as http:
        request = http.build_request(
            "POST",
            world.base + dialect.path(asked),
            content=json.dumps(dialect.body(asked)),
            headers={"content-type": "application/json", **dialect.headers(key)},
        )
        response = await http.send(request, stream=True)
        body = b""
        try:
            async for piece in response.aiter_raw():
                body += piece
        except httpx.RemoteProtocolError:
            pass
        finally:
            await response.aclose()
    return Answered(response, body, dialect.read(asked, response.status_code, body))


def called(heard: Heard) -> Call:
    """The one call of an answer."""
    (call,) = heard.calls
    return call
