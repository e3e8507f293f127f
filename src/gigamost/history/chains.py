"""What was said before an answer: the answers it builds on, oldest first, without a gap."""

from collections.abc import Sequence
from typing import Final

from gigamost.core.errors import GatewayError, Kind, invalid
from gigamost.core.history import Link

# Bytes of items that one request may build on: as many as a request itself may have.
LIMIT: Final = 128 * 1024 * 1024
_FIELD: Final = "previous_response_id"
_ABSENT: Final = "previous_response_not_found"


def line(asked: str, links: Sequence[Link]) -> tuple[str, ...]:
    """The ids of the answers to recall, oldest first. `links` as `core.ports.Responses.chain` gives them.

    Raises GatewayError (400): a conversation with a hole in it would mislead the model, so it is refused.
    """
    if not links:
        raise invalid(f"Previous response with id {asked[:80]!r} not found.", _FIELD, _ABSENT)
    oldest = links[-1].refers
    if oldest.response:
        message = (
            f"Response {asked!r} builds on {oldest.response!r}, which was deleted or has expired: send what was said "
            "as input items instead."
        )
        raise invalid(message, _FIELD, _ABSENT)
    if oldest.conversation:
        message = (
            f"Response {links[-1].id!r} belongs to the conversation {oldest.conversation!r}: send `conversation` "
            "instead of previous_response_id."
        )
        raise invalid(message, _FIELD, "unsupported_value")
    return tuple(link.id for link in reversed(links))


def too_long() -> GatewayError:
    message = f"What this request builds on is larger than {LIMIT // 2**20} MiB: begin anew with a summary of it."
    return GatewayError(Kind.CONTEXT_OVERFLOW, message, code="context_length_exceeded")
