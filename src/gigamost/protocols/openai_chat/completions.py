"""`POST /v1/completions` of OpenAI, the legacy one (API reference, "Create completion"): one prompt is one user
message, and the answer's text is the completion. With a suffix the text between the two is asked for.

A chunk of its stream has the form of the whole answer; a Failure is `data: {"error": {...}}` without [DONE].
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, assert_never

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gigamost.core.body import BodyReader, Rule
from gigamost.core.codec import Stamp
from gigamost.core.errors import invalid
from gigamost.core.events import Event, Failure, Finish, FinishReason, PartDelta, PartEnd, PartStart, Start
from gigamost.core.face import Incoming
from gigamost.core.fold import Reply
from gigamost.core.infill import infill
from gigamost.core.messages import Media, Message, Text
from gigamost.core.request import ChatRequest
from gigamost.framing import sse
from gigamost.protocols.openai_chat import wire
from gigamost.protocols.openai_chat.errors import body_of
from gigamost.protocols.openai_chat.response import shown, usage_of
from gigamost.protocols.openai_chat.rules import RULES as CHAT


class Completion(msgspec.Struct, frozen=True):
    """The request body."""

    model: str = ""
    prompt: str | list[str | int | list[int]] = ""
    best_of: int | UnsetType = UNSET
    echo: bool | UnsetType = UNSET
    frequency_penalty: wire.Penalty | UnsetType = UNSET
    logit_bias: dict[str, Any] | UnsetType = UNSET
    logprobs: int | UnsetType = UNSET
    max_tokens: wire.Count | UnsetType = UNSET
    n: wire.Count | UnsetType = UNSET
    presence_penalty: wire.Penalty | UnsetType = UNSET
    seed: int | UnsetType = UNSET
    stop: str | Annotated[list[str], Meta(max_length=4)] | UnsetType = UNSET
    stream: bool | UnsetType = UNSET
    stream_options: wire.StreamOptions | UnsetType = UNSET
    suffix: str | UnsetType = UNSET
    temperature: Annotated[float, Meta(ge=0, le=2)] | UnsetType = UNSET
    top_p: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    user: str | UnsetType = UNSET


# What is the same in a chat completion has the same fate.
_SHARED = (
    "frequency_penalty",
    "logit_bias",
    "max_tokens",
    "model",
    "n",
    "presence_penalty",
    "seed",
    "stop",
    "stream",
    "stream_options",
    "temperature",
    "top_p",
    "user",
)
RULES: Mapping[str, Rule] = {name: CHAT[name] for name in _SHARED} | {
    "prompt": Rule("exact", "one text, sent as a user message; several prompts and token arrays are refused"),
    "best_of": Rule("refused", "GigaChat gives one completion per request; send best_of=1 or leave it out.", (1,)),
    "echo": Rule("emulated", "the gateway puts the prompt before the completion"),
    "logprobs": Rule("refused", "GigaChat v1 gives no log probabilities; leave it out."),
    "suffix": Rule("emulated", "the text between prompt and suffix is asked for by an instruction"),
}
# There are no tools in this protocol, so a call that comes all the same is an end like any other.
FINISH: Mapping[FinishReason, Literal["stop", "length", "content_filter"]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "stop",
    "content_filter": "content_filter",
}
_DONE = sse.encode(b"[DONE]")
_KEEPALIVE = sse.comment("keep-alive")
_reader = BodyReader(Completion, RULES)


class Form(msgspec.Struct, frozen=True):
    """How a client wants its answer. `echo` is the text that stands before the completion."""

    include_usage: bool = False
    echo: str = ""


class Exchange:
    """One completion of a client (`core.codec.Exchange`). Raises GatewayError (400)."""

    content_type = "application/json"

    def __init__(self, incoming: Incoming) -> None:
        body, ignored = _reader.read(incoming.body)
        prompt = _prompt(body.prompt)
        stop = body.stop or ()
        options = body.stream_options or wire.StreamOptions()
        self._form = Form(bool(options.include_usage), prompt if body.echo else "")
        self.request = ChatRequest(
            model=body.model or incoming.path.get("model", ""),
            messages=infill(prompt, body.suffix) if body.suffix else (Message("user", (Text(prompt),)),),
            temperature=body.temperature if body.temperature is not UNSET else None,
            top_p=body.top_p if body.top_p is not UNSET else None,
            max_tokens=body.max_tokens if body.max_tokens is not UNSET else None,
            stop=tuple(filter(None, (stop,) if isinstance(stop, str) else stop)),
            user=body.user or "",
            stream=bool(body.stream),
            ignored=tuple(ignored),
        )

    def encode(self, reply: Reply, stamp: Stamp) -> bytes:
        text = "".join(shown(part) for part in reply.parts if isinstance(part, Text | Media))
        choice = _choice(self._form.echo + text, FINISH[reply.finish])
        return msgspec.json.encode({**_head(stamp), "choices": [choice], "usage": usage_of(reply.usage)})

    def encoder(self, stamp: Stamp) -> "Encoder":
        return Encoder(stamp, self._form)


class Encoder:
    """Events to chunks. Thoughts have no place in this protocol."""

    content_type = "text/event-stream"

    def __init__(self, stamp: Stamp, form: Form) -> None:
        self._head = _head(stamp)
        self._form = form
        self._in_text = False

    def feed(self, event: Event) -> bytes:
        match event:
            case PartDelta(text=text):
                return self._chunk([_choice(text)]) if self._in_text else b""
            case PartStart(kind=kind):
                self._in_text = kind == "text"
                return b""
            case PartEnd(media=media):
                return b"".join(self._chunk([_choice(shown(item))]) for item in media)
            case Finish(reason=reason, usage=usage):
                last = self._chunk([_choice("", FINISH[reason])])
                if self._form.include_usage:
                    last += self._chunk([], {"usage": usage_of(usage)})
                return last + _DONE
            case Start():
                return self._chunk([_choice(self._form.echo)]) if self._form.echo else b""
            case Failure(problem=problem):
                return sse.encode(msgspec.json.encode(body_of(problem)))
            case _:
                assert_never(event)

    def keepalive(self) -> bytes:
        return _KEEPALIVE

    def _chunk(self, choices: list[dict[str, Any]], tail: Mapping[str, Any] | None = None) -> bytes:
        return sse.encode(msgspec.json.encode({**self._head, "choices": choices, **(tail or {})}))


def _prompt(given: str | list[str | int | list[int]]) -> str:
    if isinstance(given, list) and any(not isinstance(item, str) for item in given):
        message = "prompt is an array of tokens of another vendor's tokenizer: send the text itself."
        raise invalid(message, "prompt", "unsupported_value")
    prompts = [item for item in given if isinstance(item, str)] if isinstance(given, list) else [given]
    if len(prompts) > 1:
        message = f"prompt has {len(prompts)} texts, one is possible: send a request for each."
        raise invalid(message, "prompt", "unsupported_value")
    if not prompts or not prompts[0]:
        raise invalid("prompt is missing or empty: send a text.", "prompt")
    return prompts[0]


def _head(stamp: Stamp) -> dict[str, Any]:
    return {"id": f"cmpl-{stamp.id}", "object": "text_completion", "created": stamp.created, "model": stamp.model}


def _choice(text: str, finish: str | None = None) -> dict[str, Any]:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": finish}
