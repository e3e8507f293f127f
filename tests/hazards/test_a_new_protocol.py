"""A protocol in one file: telegrams, one line each. Registering it is one more entry of `protocols.ALL`."""

from collections.abc import Mapping
from pathlib import Path

import httpx
import msgspec
import pytest

from gigamost import protocols
from gigamost.core.body import BodyReader, Rule
from gigamost.core.codec import Stamp
from gigamost.core.errors import Problem, invalid
from gigamost.core.events import Event, Failure, Finish, PartDelta
from gigamost.core.face import Endpoint, Face, Incoming, ServeChat
from gigamost.core.fold import Reply
from gigamost.core.messages import Message, Text
from gigamost.core.request import ChatRequest
from tests.gateway.conftest import KEY, world_of


class Telegram(msgspec.Struct, frozen=True):
    """The body: whom to ask, and what."""

    to: str = ""
    text: str = ""
    wire: bool = False
    colour: str | None = None


RULES: Mapping[str, Rule] = {
    "to": Rule("exact"),
    "text": Rule("exact"),
    "wire": Rule("exact"),
    "colour": Rule("ignored", "a telegram has none"),
}
_reader = BodyReader(Telegram, RULES)


class Exchange:
    content_type = "text/x-telegram"

    def __init__(self, incoming: Incoming) -> None:
        body, ignored = _reader.read(incoming.body)
        if not body.text:
            raise invalid("text is missing.", "text")
        said = (Message("user", (Text(body.text),)),)
        self.request = ChatRequest(body.to, said, stream=body.wire, ignored=tuple(ignored))

    def encode(self, reply: Reply, stamp: Stamp) -> bytes:
        return reply.text.encode() + b" STOP"

    def encoder(self, stamp: Stamp) -> "Encoder":
        return Encoder()


class Encoder:
    content_type = "text/x-telegram"

    def feed(self, event: Event) -> bytes:
        match event:
            case PartDelta(text=text):
                return text.encode()
            case Finish():
                return b" STOP"
            case Failure(problem=problem):
                return b" LOST " + problem.message.encode()
            case _:
                return b""

    def keepalive(self) -> bytes:
        return b""


def encode_error(problem: Problem, request_id: str) -> bytes:
    return b"REFUSED " + problem.message.encode()


TELEGRAPH = Face("telegraph", (Endpoint("POST", "/telegrams", ServeChat(Exchange)),), encode_error)


async def test_it_has_everything_that_the_others_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "ALL", (*protocols.ALL, TELEGRAPH))
    async with world_of(tmp_path) as world, httpx.AsyncClient(base_url=world.base) as http:

        async def wire(key: str = KEY, **body: object) -> httpx.Response:
            return await http.post("/telegrams", json=body, headers={"x-api-key": key})

        whole = await wire(to="gpt-4o", text="Say 'Hello' and nothing else", colour="red")
        assert (whole.text, whole.headers["content-type"]) == ("Hello. STOP", "text/x-telegram")
        assert whole.headers["x-gigamost-ignored"] == "colour"
        streamed = await wire(to="gpt-4o", text="Say 'Hello' and nothing else", wire=True)
        assert streamed.text == "Hello. STOP"
        world.script("cut=900; long=200; delay=0.01")
        cut = await wire(to="gpt-4o", text="hi", wire=True)
        assert " LOST " in cut.text
        assert "STOP" not in cut.text
        refused = await wire(to="gpt-4o")
        assert (refused.status_code, refused.text) == (400, "REFUSED text is missing.")
        assert (await wire("gm-unknown", to="gpt-4o", text="hi")).text.startswith("REFUSED This key")
        unknown = await wire(to="no-such-model", text="hi")
        assert (unknown.status_code, unknown.text[:8]) == (404, "REFUSED ")
