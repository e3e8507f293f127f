"""What a key's defaults make of a chat in GigaChat's own words. Pure: a new body, the client's stays as it is."""

from typing import Any

from gigamost.core.errors import invalid
from gigamost.core.request import JsonObject
from gigamost.core.tenancy import Defaults

GOVERNED = frozenset({"model", "messages", "profanity_check", "disable_filter"})  # fields that a key may decide about


def impose_v1(given: JsonObject, defaults: Defaults) -> JsonObject:
    """Raises GatewayError (400) for messages that no system text can be put before."""
    body = _with_model(given, defaults)
    if defaults.profanity_check is not None:
        body["profanity_check"] = defaults.profanity_check
    if defaults.system:
        body["messages"] = _with_system(body.get("messages"), defaults.system, defaults.system)
    return body


def impose_v2(given: JsonObject, defaults: Defaults) -> JsonObject:
    """Raises GatewayError (400)."""
    body = _with_model(given, defaults)
    if defaults.profanity_check is not None:
        body["disable_filter"] = not defaults.profanity_check
    if defaults.system:
        body["messages"] = _with_system(body.get("messages"), defaults.system, [{"text": defaults.system}])
    return body


def _with_model(given: JsonObject, defaults: Defaults) -> JsonObject:
    model = defaults.forced_model or given.get("model") or defaults.model
    return {**given, "model": model} if model else dict(given)


def _with_system(messages: Any, text: str, content: str | list[dict[str, str]]) -> list[Any]:
    """GigaChat takes one system message, the first one: the client's own goes on after ours."""
    if not isinstance(messages, list):
        raise invalid("messages is no list.", "messages")
    first = messages[0] if messages else None
    if not isinstance(first, dict) or first.get("role") != "system":
        return [{"role": "system", "content": content}, *messages]
    said = first.get("content")
    if isinstance(said, str):
        both: str | list[Any] = f"{text}\n\n{said}"
    elif isinstance(said, list):
        both = [{"text": f"{text}\n\n"}, *said]
    else:
        raise invalid("messages[0].content is neither text nor a list.", "messages[0].content")
    return [{**first, "content": both}, *messages[1:]]
