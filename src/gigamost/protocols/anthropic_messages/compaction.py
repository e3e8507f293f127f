"""A request to compact a conversation (`compaction` of the beta API): the model is asked for a summary, and the whole
answer is one block with it, which the client sends from then on in place of all before it.

A summary that did not come to its end is none: the block's content is null then, as Anthropic documents.
"""

from typing import assert_never

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.events import Event, Failure, Finish, FinishReason, PartDelta, PartEnd, PartStart, Start
from gigamost.core.fold import Reply
from gigamost.core.messages import Message, Text
from gigamost.core.request import ChatRequest, JsonObject, NoTool, PlainText
from gigamost.protocols.anthropic_messages import stream
from gigamost.protocols.anthropic_messages.response import STOP, Form, head_of, usage_of

INSTRUCTIONS = (
    "Summarize the conversation so far for whoever continues it without having seen it: what the user wants, what was "
    "done and found, which decisions were made, which names, paths, values and code matter, and what is still to do. "
    "Leave out nothing that is needed to go on. Answer with the summary alone."
)


def ask(request: ChatRequest, instructions: str) -> ChatRequest:
    """The same conversation, with the question for its summary at the end."""
    question = Message("user", (Text(instructions if instructions.strip() else INSTRUCTIONS),))
    messages = (*request.messages, question)
    return msgspec.structs.replace(request, messages=messages, tool_choice=NoTool(), format=PlainText(), stop=())


def encode(reply: Reply, stamp: Stamp) -> bytes:
    block = {"type": "compaction", "content": _summary(reply.text, reply.finish)}
    return msgspec.json.encode(
        head_of(stamp) | {"content": [block], **_stop(reply.finish), "usage": usage_of(reply.usage)}
    )


class Encoder:
    """The block comes at the end, in one piece."""

    content_type = "text/event-stream"

    def __init__(self, stamp: Stamp, request: ChatRequest) -> None:
        self._plain = stream.Encoder(stamp, Form(), request)
        self._texts: list[str] = []
        self._in_text = False

    def feed(self, event: Event) -> bytes:
        match event:
            case Start() | Failure():
                return self._plain.feed(event)
            case PartStart(kind=kind):
                self._in_text = kind == "text"
                return b""
            case PartDelta(text=text):
                if self._in_text:
                    self._texts.append(text)
                return b""
            case PartEnd():
                return b""
            case Finish(reason=reason, usage=usage):
                delta = {"type": "compaction_delta", "content": _summary("".join(self._texts), reason)}
                return (
                    stream.frame("content_block_start", index=0, content_block={"type": "compaction", "content": None})
                    + stream.frame("content_block_delta", index=0, delta=delta)
                    + stream.frame("content_block_stop", index=0)
                    + stream.frame("message_delta", delta=_stop(reason), usage=usage_of(usage))
                    + stream.frame("message_stop")
                )
            case _:
                assert_never(event)

    def keepalive(self) -> bytes:
        return self._plain.keepalive()


def _summary(text: str, reason: FinishReason) -> str | None:
    return text if reason == "stop" and text.strip() else None


def _stop(reason: FinishReason) -> JsonObject:
    return {"stop_reason": "compaction" if reason == "stop" else STOP[reason], "stop_sequence": None}
