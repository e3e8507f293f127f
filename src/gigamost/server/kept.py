"""Endpoints of what is kept: read, listed, deleted; conversations are made and described too."""

from typing import assert_never

from gigamost.core.face import (
    AddItems,
    CreateConversation,
    DeleteConversation,
    DeleteItem,
    GetConversation,
    GetItem,
    Incoming,
    ListItems,
    ServeConversations,
    UpdateConversation,
)
from gigamost.core.history import Page
from gigamost.pipeline.archive import Archive
from gigamost.pipeline.context import Context
from gigamost.server.exchange import Http
from gigamost.server.respond import JSON, ignored, stamp


class KeptEndpoints:
    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def serve(self, service: ServeConversations, http: Http, incoming: Incoming, context: Context) -> None:
        """Raises GatewayError as long as nothing was sent."""
        data, unused = await self._answer(service, http, incoming, context)
        await http.whole(200, data, [JSON, *ignored(unused)])

    async def _answer(
        self, service: ServeConversations, http: Http, incoming: Incoming, context: Context
    ) -> tuple[bytes, tuple[str, ...]]:
        """The body, and the request's fields that could not be honoured."""
        archive, path = self._archive, incoming.path
        conversation, response, item = path.get("conversation", ""), path.get("response", ""), path.get("item", "")
        match service:
            case CreateConversation(decode=begin, encode=encode):
                new = begin(incoming, stamp(http, ""))
                await archive.create(new, context)
                return encode(new.conversation), new.ignored
            case GetConversation(encode=encode):
                return encode(await archive.conversation(conversation, context)), ()
            case UpdateConversation(decode=describe, encode=encode):
                change = describe(incoming)
                return encode(await archive.describe(conversation, change.metadata, context)), change.ignored
            case DeleteConversation(encode=tell):
                await archive.delete_conversation(conversation, context)
                return tell(conversation), ()
            case AddItems(decode=add, encode=encode_page):
                more = add(incoming, stamp(http, ""))
                await archive.add(conversation, more.items, context)
                return encode_page(Page(more.items)), more.ignored
            case ListItems(decode=window, encode=encode_page):
                listed = archive.list_input if response else archive.list_items
                return encode_page(await listed(response or conversation, window(incoming), context)), ()
            case GetItem(encode=encode_item):
                return encode_item(await archive.item(conversation, item, context)), ()
            case DeleteItem(encode=encode):
                return encode(await archive.delete_item(conversation, item, context)), ()
            case _:
                assert_never(service)
