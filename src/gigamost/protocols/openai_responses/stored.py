"""What is kept of Responses (API reference, "Get / delete / cancel a model response", "List input items")."""

import msgspec

from gigamost.core.errors import invalid
from gigamost.core.face import CancelResponse, DeleteResponse, Endpoint, GetResponse, Incoming, ListItems
from gigamost.core.history import Page, Window
from gigamost.protocols.openai_responses.background import decode_replay

MAX_LIMIT = 100  # items of one page, as OpenAI documents


def encode_deleted(response: str) -> bytes:
    return msgspec.json.encode({"id": response, "object": "response", "deleted": True})


def decode_window(incoming: Incoming) -> Window:
    """`limit`, `after` and `order` of the query. Raises GatewayError (400) for what OpenAI does not document."""
    query = incoming.query
    order, limit = query.get("order", "desc"), query.get("limit", "20")
    if order not in ("asc", "desc"):
        raise invalid("order must be asc or desc.", "order", "invalid_value")
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 3 and 1 <= int(limit) <= MAX_LIMIT):
        raise invalid(f"limit must be a whole number from 1 to {MAX_LIMIT}.", "limit", "invalid_value")
    return Window(int(limit), query.get("after", ""), "asc" if order == "asc" else "desc")


def encode_page(page: Page) -> bytes:
    """The ids of the ends are texts in OpenAI's schema, so an empty page has empty ones."""
    return msgspec.json.encode(
        {
            "object": "list",
            "data": [msgspec.Raw(item.body) for item in page.items],
            "first_id": page.items[0].id if page.items else "",
            "last_id": page.items[-1].id if page.items else "",
            "has_more": page.has_more,
        }
    )


# The last two: where Azure's clients look for the same, newer and older ones.
ROOTS = ("/v1", "", "/openai/v1", "/openai")
_SERVICES = (
    ("GET", "", GetResponse(decode_replay)),
    ("DELETE", "", DeleteResponse(encode_deleted)),
    ("POST", "/cancel", CancelResponse()),
    ("GET", "/input_items", ListItems(decode_window, encode_page)),
)
ENDPOINTS = tuple(
    Endpoint(method, f"{prefix}/responses/{{response}}{path}", service)
    for prefix in ROOTS
    for method, path, service in _SERVICES
)
