"""OpenAI Responses, the server role: responses that may build on one another, counting, and compaction."""

from collections.abc import Sequence
from typing import Final

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.errors import invalid
from gigamost.core.face import Endpoint, Incoming, ServeCount, ServeResponses
from gigamost.core.fold import Reply
from gigamost.core.history import Item, KeptResponse, Refers
from gigamost.core.request import ChatRequest
from gigamost.protocols.openai_responses import compaction, conversations, stored
from gigamost.protocols.openai_responses.kept_items import keep_items
from gigamost.protocols.openai_responses.output import Form
from gigamost.protocols.openai_responses.request import apart, build, own_items, read
from gigamost.protocols.openai_responses.response import Responses, encode, output_of, response_id
from gigamost.protocols.openai_responses.stream import Encoder

__all__ = ["ENDPOINTS", "Compaction", "Count", "Exchange"]


class Exchange:
    """One response (`core.face.KeptExchange`)."""

    content_type = "application/json"

    def __init__(self, body: bytes) -> None:
        self._asked = read(body)
        self.refers = self._asked.refers
        self.keeps = self._asked.body.store is not False
        self.is_background = self._asked.body.background is True
        self._earlier: Sequence[Item] = ()
        self._ended: int | None = None
        if self.refers == Refers():
            self.request, self._form = build(self._asked)
        else:
            self.request, self._form = ChatRequest(self._asked.body.model, (), stream=self._streams), Form()

    def recall(self, items: Sequence[Item]) -> None:
        if self.refers != Refers():
            self._earlier = items
            self.request, self._form = build(self._asked, items)

    def encode(self, reply: Reply, stamp: Stamp) -> bytes:
        return encode(reply, stamp, self._form, self._end(stamp))

    def encoder(self, stamp: Stamp) -> Encoder:
        return Encoder(stamp, self._form, lambda: self._end(stamp))

    def queued(self, stamp: Stamp) -> bytes:
        return Responses(stamp, self._form).queued()

    def record(self, reply: Reply, stamp: Stamp) -> KeptResponse:
        return KeptResponse(
            response_id(stamp),
            stamp.created,
            self.encode(reply, stamp),
            keep_items(own_items(self._asked, self._earlier), stamp),
            tuple(Item(item["id"], msgspec.json.encode(item)) for item in output_of(reply, stamp, self._form)),
            self.refers,
        )

    @property
    def _streams(self) -> bool:
        return self._asked.body.stream is True or self.is_background

    def _end(self, stamp: Stamp) -> int:
        """The second in which the answer was whole: asked once, so that what is kept says what was shown."""
        if self._ended is None:
            self._ended = stamp.created + stamp.elapsed() // 10**9
        return self._ended


class Compaction:
    """A conversation summed up (`core.face.KeptExchange`). It is never kept: the client carries it."""

    content_type = "application/json"
    keeps = False
    is_background = False

    def __init__(self, body: bytes) -> None:
        self._asked = read(body)
        if self._asked.body.background is True:
            raise invalid("background: a compaction is made at once; leave it out.", "background")
        self.refers = self._asked.refers
        self._earlier: Sequence[Item] = ()
        self.request = self._summing_up() if self.refers == Refers() else ChatRequest(self._asked.body.model, ())

    def recall(self, items: Sequence[Item]) -> None:
        if self.refers != Refers():
            self._earlier = items
            self.request = self._summing_up()

    def encode(self, reply: Reply, stamp: Stamp) -> bytes:
        before, _ = apart(self._asked, self._earlier)
        own = [msgspec.json.decode(item.body) for item in keep_items(own_items(self._asked, self._earlier), stamp)]
        return compaction.encode(reply, stamp, [*before, *own])

    def encoder(self, stamp: Stamp) -> Encoder:
        raise TypeError("a compaction is not streamed")

    def queued(self, stamp: Stamp) -> bytes:
        raise TypeError("a compaction does not wait")

    def record(self, reply: Reply, stamp: Stamp) -> KeptResponse:
        said = keep_items(own_items(self._asked, self._earlier), stamp)
        return KeptResponse(response_id(stamp), stamp.created, self.encode(reply, stamp), said, (), self.refers)

    def _summing_up(self) -> ChatRequest:
        request, form = build(self._asked, self._earlier)
        whole = request if form.compacts else compaction.summing_up(request)
        return msgspec.structs.replace(whole, stream=False)


class Count:
    """How many tokens an input has (`core.face.CountExchange`)."""

    def __init__(self, incoming: Incoming) -> None:
        asked = read(incoming.body)
        if asked.refers != Refers():
            message = "Only what the request itself brings is counted: send the items instead of naming them."
            raise invalid(message, "previous_response_id" if asked.refers.response else "conversation")
        self.request, _ = build(asked)

    def encode(self, tokens: int) -> bytes:
        return msgspec.json.encode({"object": "response.input_tokens", "input_tokens": tokens})


_RESPONSES: Final = ServeResponses(lambda incoming: Exchange(incoming.body))
_COMPACT: Final = ServeResponses(lambda incoming: Compaction(incoming.body))
_COUNT: Final = ServeCount(Count)
# ChatGPT's backend calls it so.
_ROOTS: Final = (*(root + "/responses" for root in stored.ROOTS), "/backend-api/responses")

_MADE: Final = tuple(
    Endpoint("POST", root + path, service)
    for root in _ROOTS
    for path, service in (("", _RESPONSES), ("/compact", _COMPACT), ("/input_tokens", _COUNT))
)
ENDPOINTS: Final = (*_MADE, *stored.ENDPOINTS, *conversations.ENDPOINTS)
