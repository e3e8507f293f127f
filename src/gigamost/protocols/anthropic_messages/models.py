"""`GET /v1/models` and `GET /v1/models/{model}` of Anthropic (API reference, "Models")."""

from collections.abc import Sequence

import msgspec

from gigamost.core.errors import invalid
from gigamost.core.face import Incoming, Listed
from gigamost.core.request import JsonObject

CREATED = "1970-01-01T00:00:00Z"  # Anthropic's own word for a date that nobody knows
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_SERVER_TOOLS = ("code_execution", "web_search")
LIMIT, MAX_LIMIT = 20, 1000  # models of one page, as Anthropic documents


def encode_list(listed: Sequence[Listed], incoming: Incoming) -> bytes:
    """One page of the models that answer messages: `limit`, and `after_id` or `before_id`, of the query.

    Raises GatewayError (400) for a limit out of range and for an id that is not in the list.
    """
    models = [each for each in listed if each.model.kind == "chat"]
    query = incoming.query
    limit = _limit(query.get("limit", str(LIMIT)))
    before = query.get("before_id", "")
    if before:
        models = models[: _place(models, before, "before_id")]
        page = models[-limit:]
    else:
        after = query.get("after_id", "")
        models = models[_place(models, after, "after_id") + 1 :] if after else models
        page = models[:limit]
    return msgspec.json.encode(
        {
            "data": [_told(each) for each in page],
            "has_more": len(models) > len(page),
            "first_id": page[0].name if page else None,
            "last_id": page[-1].name if page else None,
        }
    )


def encode(listed: Listed) -> bytes:
    return msgspec.json.encode(_told(listed))


def _limit(given: str) -> int:
    limit = int(given) if given.isascii() and given.isdigit() and len(given) <= 4 else 0
    if not 1 <= limit <= MAX_LIMIT:
        raise invalid(f"limit must be a whole number from 1 to {MAX_LIMIT}.", "limit")
    return limit


def _place(models: Sequence[Listed], name: str, param: str) -> int:
    found = next((at for at, each in enumerate(models) if each.name == name), None)
    if found is None:
        raise invalid(f"{param}: there is no model {name!r} in this list.", param)
    return found


def _told(listed: Listed) -> JsonObject:
    model, able = listed.model, listed.model.capabilities
    alias = f" ({model.id})" if listed.name != model.id else ""
    return {
        "type": "model",
        "id": listed.name,
        "display_name": listed.name + alias,
        "created_at": CREATED,
        "lifecycle": "active",
        "line": None,
        "max_input_tokens": able.context,
        "max_tokens": able.max_output,
        "capabilities": {
            "batch": _is(False),
            "citations": _is(False),
            "code_execution": _is(able.functions),
            "context_management": _is(False),
            "effort": _is(able.reasoning) | {level: _is(able.reasoning) for level in _EFFORTS},
            "image_input": _is(able.vision),
            "pdf_input": _is(True),
            "server_tools": _is(able.functions) | {tool: _is(able.functions) for tool in _SERVER_TOOLS},
            "structured_outputs": _is(True),
            "thinking": _is(able.reasoning)
            | {
                "types": {
                    "adaptive": _is(able.reasoning),
                    "between_tools": _is(False),
                    "disabled": _is(True),
                    "enabled": _is(able.reasoning),
                }
            },
        },
    }


def _is(supported: bool) -> JsonObject:
    return {"supported": supported}
