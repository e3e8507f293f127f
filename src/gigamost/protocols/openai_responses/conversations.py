"""`/v1/conversations` of OpenAI (API reference, "Conversations" and their items), server role."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from gigamost.core.body import BodyReader, Rule
from gigamost.core.codec import Stamp
from gigamost.core.errors import invalid
from gigamost.core.face import (
    AddItems,
    CreateConversation,
    DeleteConversation,
    DeleteItem,
    Endpoint,
    GetConversation,
    GetItem,
    Incoming,
    ListItems,
    NewConversation,
    NewItems,
    NewMetadata,
    UpdateConversation,
)
from gigamost.core.history import Conversation, Item
from gigamost.protocols.openai_responses.items import Reading
from gigamost.protocols.openai_responses.kept_items import keep_items
from gigamost.protocols.openai_responses.stored import ROOTS, decode_window, encode_page
from gigamost.protocols.openai_responses.wire import Metadata

JsonObject = dict[str, Any]
MAX_ITEMS: Final = 20  # of one request, as OpenAI documents


class Create(msgspec.Struct, frozen=True):
    """The body of a new conversation."""

    items: list[JsonObject] | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET


class Update(msgspec.Struct, frozen=True):
    metadata: Metadata | UnsetType = UNSET


class Add(msgspec.Struct, frozen=True):
    """The body of new items."""

    items: list[JsonObject] | UnsetType = UNSET


_ITEMS = Rule("exact", "kept as they came, each with an id; 20 in one request at most")
_METADATA = Rule("exact", "kept with the conversation")
RULES: Mapping[str, Rule] = {"items": _ITEMS, "metadata": _METADATA}
_create = BodyReader(Create, RULES)
_update = BodyReader(Update, {"metadata": _METADATA})
_add = BodyReader(Add, {"items": _ITEMS})


def decode_new(incoming: Incoming, stamp: Stamp) -> NewConversation:
    """Raises GatewayError (400)."""
    body, ignored = _create.read(incoming.body or b"{}")
    conversation = Conversation(f"conv_{stamp.id}", stamp.created, _given(body.metadata))
    items, unheard = ((), ()) if body.items is UNSET else _items(body.items, stamp)
    return NewConversation(conversation, items, (*ignored, *unheard))


def decode_metadata(incoming: Incoming) -> NewMetadata:
    """null removes the metadata there was. Raises GatewayError (400)."""
    body, ignored = _update.read(incoming.body)
    return NewMetadata(_given(body.metadata), tuple(ignored))


def decode_items(incoming: Incoming, stamp: Stamp) -> NewItems:
    """Raises GatewayError (400)."""
    body, ignored = _add.read(incoming.body)
    if body.items is UNSET or not body.items:
        raise invalid("items is missing or empty: send a list of at least one item.", "items")
    items, unheard = _items(body.items, stamp)
    return NewItems(items, (*ignored, *unheard))


def encode(conversation: Conversation) -> bytes:
    return msgspec.json.encode(
        {
            "id": conversation.id,
            "object": "conversation",
            "created_at": conversation.created,
            "metadata": conversation.metadata,
        }
    )


def encode_deleted(conversation: str) -> bytes:
    return msgspec.json.encode({"id": conversation, "object": "conversation.deleted", "deleted": True})


def encode_item(item: Item) -> bytes:
    return item.body


def _given(metadata: dict[str, str] | UnsetType) -> dict[str, str]:
    return {} if metadata is UNSET else metadata


def _items(items: Sequence[JsonObject], stamp: Stamp) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """And what of them no model will hear of, as the client wrote it. Every item is read as it will be when it is used,
    so that a conversation never holds one that breaks each request which builds on it."""
    if len(items) > MAX_ITEMS:
        raise invalid(f"items has {len(items)} entries, {MAX_ITEMS} are possible: send several requests.", "items")
    reading = Reading({})
    reading.read(items, "items")
    if reading.compacts:
        raise invalid("items holds a compaction_trigger, which is for one request: send it as input.", "items")
    return keep_items(items, stamp), tuple(name.replace("input.", "items.", 1) for name in reading.ignored)


_SERVICES = (
    ("POST", "", CreateConversation(decode_new, encode)),
    ("GET", "/{conversation}", GetConversation(encode)),
    ("POST", "/{conversation}", UpdateConversation(decode_metadata, encode)),
    ("DELETE", "/{conversation}", DeleteConversation(encode_deleted)),
    ("POST", "/{conversation}/items", AddItems(decode_items, encode_page)),
    ("GET", "/{conversation}/items", ListItems(decode_window, encode_page)),
    ("GET", "/{conversation}/items/{item}", GetItem(encode_item)),
    ("DELETE", "/{conversation}/items/{item}", DeleteItem(encode)),
)
ENDPOINTS = tuple(
    Endpoint(method, f"{prefix}/conversations{path}", service)
    for prefix in ROOTS
    for method, path, service in _SERVICES
)
