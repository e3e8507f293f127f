"""A thought in GigaChat's own form: events, and from them the documents of v1 by its server role."""

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.events import Event, Finish, FinishReason, PartDelta, PartEnd, PartStart, Start
from gigamost.core.fold import fold
from gigamost.core.messages import FileRef, Media, Opaque
from gigamost.core.usage import Usage
from gigamost.emulator.brain import Thought
from gigamost.emulator.quirks import Document
from gigamost.emulator.speech import phrases
from gigamost.framing import sse
from gigamost.protocols.gigachat import v1

# `error` is no reason of a right answer: quirks write it in afterwards.
FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "function_call": "tool_calls",
    "blacklist": "content_filter",
    "error": "stop",
}


class Form(msgspec.Struct, frozen=True):
    """What a thought does not know: its stamp, its price, the state id and the picture's file id (None for none).

    `group` phrases make a chunk, 0: all of them. `thread` is the id of the kept conversation, "" without `storage`; the
    emulator names it but does not remember what was said in it.
    """

    stamp: Stamp
    usage: Usage
    state_id: str
    picture_id: str | None = None
    group: int = 1
    thread: str = ""


def events(thought: Thought, form: Form) -> list[Event]:
    said: list[Event] = [Start(form.stamp.model)]
    if thought.reasoning:
        said += _part(PartStart("reasoning"), phrases(thought.reasoning))
    if form.picture_id is not None:
        said += _part(PartStart("builtin", "text2image"), ["Осталось 10 секунд", "Осталось 2 секунды"])
        picture = Media("image", FileRef(form.picture_id), "image/jpeg")
        said += (PartStart("media"), PartEnd(media=(picture,)))
    if thought.text:
        text = thought.text if form.picture_id is None else f" {thought.text}"
        pieces = phrases(text)
        size = form.group or len(pieces)
        said += _part(PartStart("text"), ["".join(pieces[at : at + size]) for at in range(0, len(pieces), size)])
    if thought.call is not None:
        opened = PartStart("tool_call", thought.call.name, opaque=Opaque("gigachat", form.state_id))
        said += _part(opened, [msgspec.json.encode(thought.call.arguments).decode()])
    return [*said, Finish(FINISH[thought.finish], form.usage, thread=form.thread)]


def _part(opened: PartStart, texts: list[str]) -> list[Event]:
    return [opened, *(PartDelta(text) for text in texts), PartEnd()]


def whole(thought: Thought, form: Form) -> Document:
    """The body of a non-stream answer."""
    document: Document = msgspec.json.decode(v1.encode(fold(events(thought, form)), form.stamp))
    _add_state(document["choices"][0]["message"], form)
    return document


def frames(thought: Thought, form: Form, *, split_finish: bool) -> list[Document]:
    """The frames of a stream without the closing `[DONE]`."""
    encoder = v1.Encoder(form.stamp, split_finish=split_finish)
    data = b"".join(encoder.feed(event) for event in events(thought, form))
    documents: list[Document] = [
        msgspec.json.decode(frame.data) for frame in sse.Reader().feed(data) if frame.data != b"[DONE]"
    ]
    for document in documents:
        _add_state(document["choices"][0]["delta"], form)
    return documents


def _add_state(said: Document, form: Form) -> None:
    """A built-in function leaves its state id beside the picture's tag [docs example]."""
    if form.picture_id is not None and form.picture_id in said.get("content", ""):
        said["functions_state_id"] = form.state_id
