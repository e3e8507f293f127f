"""What the rules above need of a store. `tenant` owns what is kept: another tenant's is as absent as if it never was.

History ─ responses, conversations, items      every method raises GatewayError (503) when the store cannot be used
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from gigamost.core.history import Conversation, Item, KeptResponse, Link, Page, Window


class Responses(Protocol):
    async def keep(self, tenant: str, kept: KeptResponse, expires: int) -> None:
        """The answer and its items, until `expires` (unix seconds); its items are appended in one piece to the
        conversation that it refers to, if that still is there. All of it or nothing."""
        ...

    async def get(self, tenant: str, response: str) -> KeptResponse | None: ...

    async def chain(self, tenant: str, response: str) -> Sequence[Link]:
        """This answer, the one it builds on and so on, as far as they are kept; empty when there is none."""
        ...

    async def delete(self, tenant: str, response: str) -> bool:
        """With its items. Whether there was one."""
        ...


class Conversations(Protocol):
    async def create(self, tenant: str, conversation: Conversation, items: Sequence[Item]) -> None: ...

    async def get(self, tenant: str, conversation: str) -> Conversation | None: ...

    async def describe(self, tenant: str, conversation: str, metadata: Mapping[str, str]) -> Conversation | None:
        """Replaces its metadata. None when there is none."""
        ...

    async def delete(self, tenant: str, conversation: str) -> bool:
        """With its items. Whether there was one."""
        ...


class Items(Protocol):
    """`holder` is the id of a response or of a conversation."""

    async def append(self, tenant: str, conversation: str, items: Sequence[Item]) -> bool:
        """In one piece, at the end. Whether there is such a conversation."""
        ...

    async def page(self, tenant: str, holder: str, window: Window) -> Page | None:
        """Of a conversation, or of what was asked for a response. None when there is no item `window.after`."""
        ...

    async def find(self, tenant: str, ids: Sequence[str], holder: str = "") -> Mapping[str, Item]:
        """Those that are kept, wherever that is; with `holder`, those that it has."""
        ...

    async def delete(self, tenant: str, conversation: str, item: str) -> bool:
        """Whether there was one."""
        ...


class History(Protocol):
    @property
    def responses(self) -> Responses: ...

    @property
    def conversations(self) -> Conversations: ...

    @property
    def items(self) -> Items: ...

    async def said(self, tenant: str, holders: Sequence[str], limit: int) -> Sequence[Item] | None:
        """Everything in these responses (what was asked, then what was answered) or conversations, in this order; None
        when it exceeds `limit` bytes."""
        ...

    async def sweep(self, now: int) -> int:
        """Forgets the answers that have expired by `now` (unix seconds) unless a later one builds on them. Says how
        many."""
        ...


class OpenHistory(Protocol):
    """Opens what is kept when it is needed for the first time. Raises GatewayError (503)."""

    async def __call__(self) -> History: ...
