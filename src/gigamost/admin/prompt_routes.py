"""The routes of the history of prompts. They need more than others that read: what people said is not for everybody who
looks after the gateway."""

from collections.abc import Sequence
from typing import Final

from gigamost.admin import prompt_wire as shapes
from gigamost.admin import wire
from gigamost.admin.exchange import PAGED, Answer, Asked, Lines, Owned, Route
from gigamost.admin.prompts import FILTERS, PromptDesk

NDJSON: Final = "application/x-ndjson"


def prompt_routes(desk: PromptDesk) -> Sequence[Route]:
    async def page(asked: Asked) -> Answer:
        return Answer(await desk.page(asked))

    async def export(asked: Asked) -> Answer:
        return Answer(Lines(await desk.export(asked), NDJSON))

    async def get(asked: Asked) -> Answer:
        return Answer(await desk.get(asked))

    async def delete(asked: Asked) -> Answer:
        return Answer(await desk.delete(asked))

    async def erase(asked: Asked) -> Answer:
        return Answer(await desk.erase(asked))

    listed, own, here = wire.Page[shapes.Conversation], Owned("conversation", desk.tenant_of), "/conversations"
    one, found, filtered = f"{here}/{{id}}", "Lists conversations that are kept, the newest first.", (*PAGED, *FILTERS)
    lines, whole = "Exchanges as lines of JSON, in the order of their writing.", "A conversation, the oldest first."
    erased, gone = shapes.Erased, "Deletes what is kept of an end user."
    return (
        Route("GET", here, page, found, listed, query=filtered, role="operator", within="call"),
        # Before the conversations by their id: it is none.
        Route("GET", f"{here}/export", export, lines, shapes.Exchange, query=FILTERS, role="admin", within="call"),
        Route("GET", one, get, whole, shapes.Exchanges, query=PAGED, role="operator", within=own),
        Route("DELETE", one, delete, "Deletes a conversation.", shapes.Deleted, role="admin", within=own),
        Route("POST", "/subjects/erase", erase, gone, erased, shapes.Erase, role="admin", within="call"),
    )
