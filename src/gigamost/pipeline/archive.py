"""Reads and deletes what is kept, for its tenant alone: what is another's gets the answer of what is not there."""

import msgspec

from gigamost.core.errors import invalid
from gigamost.core.face import NewConversation
from gigamost.core.history import Conversation, Item, KeptResponse, Page, Window
from gigamost.core.ports import OpenHistory
from gigamost.history import absent
from gigamost.history.retention import check_keeps
from gigamost.objects.subjects import Subjects
from gigamost.pipeline.context import Context


class Archive:
    """Every method raises GatewayError (404, 503)."""

    def __init__(self, open_history: OpenHistory, subjects: Subjects) -> None:
        self._open = open_history
        self._subjects = subjects

    async def response(self, response: str, context: Context) -> KeptResponse:
        kept = await (await self._open()).responses.get(context.principal.tenant, response)
        if kept is None:
            raise absent.no_response(response)
        return kept

    async def delete_response(self, response: str, context: Context) -> bool:
        """Whether there was one."""
        return await (await self._open()).responses.delete(context.principal.tenant, response)

    async def list_input(self, response: str, window: Window, context: Context) -> Page:
        history = await self._open()
        if not await history.responses.chain(context.principal.tenant, response):
            raise absent.no_response(response)
        return _there(await history.items.page(context.principal.tenant, response, window), window)

    async def create(self, new: NewConversation, context: Context) -> None:
        check_keeps(context.principal.defaults)
        tenant = context.principal.tenant
        named = msgspec.structs.replace(new.conversation, subject=self._subjects.tag(tenant, context.user))
        await (await self._open()).conversations.create(tenant, named, new.items)

    async def conversation(self, conversation: str, context: Context) -> Conversation:
        found = await (await self._open()).conversations.get(context.principal.tenant, conversation)
        if found is None:
            raise absent.no_conversation(conversation)
        return found

    async def describe(self, conversation: str, metadata: dict[str, str], context: Context) -> Conversation:
        history = await self._open()
        described = await history.conversations.describe(context.principal.tenant, conversation, metadata)
        if described is None:
            raise absent.no_conversation(conversation)
        return described

    async def delete_conversation(self, conversation: str, context: Context) -> None:
        if not await (await self._open()).conversations.delete(context.principal.tenant, conversation):
            raise absent.no_conversation(conversation)

    async def add(self, conversation: str, items: tuple[Item, ...], context: Context) -> None:
        check_keeps(context.principal.defaults)
        if not await (await self._open()).items.append(context.principal.tenant, conversation, items):
            raise absent.no_conversation(conversation)

    async def list_items(self, conversation: str, window: Window, context: Context) -> Page:
        await self.conversation(conversation, context)
        page = await (await self._open()).items.page(context.principal.tenant, conversation, window)
        return _there(page, window)

    async def item(self, conversation: str, item: str, context: Context) -> Item:
        await self.conversation(conversation, context)
        found = await (await self._open()).items.find(context.principal.tenant, (item,), conversation)
        if item not in found:
            raise absent.no_item(item)
        return found[item]

    async def delete_item(self, conversation: str, item: str, context: Context) -> Conversation:
        """The conversation that it was taken from."""
        there = await self.conversation(conversation, context)
        if not await (await self._open()).items.delete(context.principal.tenant, conversation, item):
            raise absent.no_item(item)
        return there


def _there(page: Page | None, window: Window) -> Page:
    if page is None:
        raise invalid(f"after: there is no item {window.after[:80]!r} in this list.", "after", "invalid_value")
    return page
