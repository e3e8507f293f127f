"""A conversation made shorter: the model sums it up, and a compaction item carries the summary in place of the rest.

Asked for by `POST /v1/responses/compact`, or in a response by a `compaction_trigger` behind the other items.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.fold import Reply
from gigamost.core.messages import Message, Text
from gigamost.core.request import ChatRequest, NoTool, PlainText
from gigamost.protocols.openai_responses.output import Form, Items
from gigamost.protocols.openai_responses.response import response_id, usage_of

JsonObject = dict[str, Any]

INSTRUCTION: Final = (
    "Sum up this conversation for an assistant that will go on with it and sees nothing else of it. Keep what the user "
    "wants, the instructions that are in force, decisions and their reasons, facts, names, paths, numbers and code "
    "that will be needed, what the tools found out, what is done and what is left to do. Write in the language of the "
    "conversation, without an introduction."
)


def summing_up(request: ChatRequest) -> ChatRequest:
    """The request for a summary of what would have been asked. Nothing may be called for it."""
    messages = (*request.messages, Message("user", (Text(INSTRUCTION),)))
    plain = PlainText()
    return msgspec.structs.replace(
        request, messages=messages, tools=(), builtins=(), tool_choice=NoTool(), format=plain
    )


def shortened(items: Sequence[JsonObject]) -> list[JsonObject]:
    """What is left of a conversation that was compacted: what the user said, then the last compaction and the rest."""
    places = [at for at, item in enumerate(items) if item.get("type") == "compaction"]
    if not places:
        return list(items)
    return [item for item in items[: places[-1]] if item.get("role") == "user"] + list(items[places[-1] :])


def encode(reply: Reply, stamp: Stamp, said: Sequence[JsonObject]) -> bytes:
    """`said` are the items of the conversation; those of the user stay as they are."""
    kept = [item for item in said if item.get("role") == "user"]
    items = Items(stamp, Form(compacts=True))
    return msgspec.json.encode(
        {
            "id": response_id(stamp),
            "object": "response.compaction",
            "created_at": stamp.created,
            "output": [*kept, items.compaction(reply.text, len(kept))],
            "usage": usage_of(reply.usage),
        }
    )
