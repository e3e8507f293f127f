"""The words for what is not there. What another tenant keeps gets the same ones: they must tell nothing of it."""

from gigamost.core.errors import GatewayError, Kind


def no_response(response: str) -> GatewayError:
    return GatewayError(Kind.NOT_FOUND, f"Response with id {response[:80]!r} not found.")


def no_conversation(conversation: str) -> GatewayError:
    return GatewayError(Kind.NOT_FOUND, f"Conversation with id {conversation[:80]!r} not found.")


def no_item(item: str) -> GatewayError:
    return GatewayError(Kind.NOT_FOUND, f"Item with id {item[:80]!r} not found.")


def no_reference(item: str) -> GatewayError:
    """For an item that a request names instead of sending it."""
    message = (
        f"Item with id {item[:80]!r} not found: an item is kept only with an answer that was asked for with `store` "
        "true. Send the item itself."
    )
    return GatewayError(Kind.NOT_FOUND, message, param="input")
