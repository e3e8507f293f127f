"""A thought in GigaChat's own form: events, which the server role of a version turns into its documents."""

from collections.abc import Mapping
from uuid import uuid4

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.events import Event, Finish, FinishReason, PartDelta, PartEnd, PartStart, Start
from gigamost.core.messages import Citation, FileRef, Media, Opaque
from gigamost.core.usage import Usage
from gigamost.emulator.ask import Thought
from gigamost.emulator.speech import phrases

# `error` is no reason of a right answer: quirks write it in afterwards.
FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "function_call": "tool_calls",
    "blacklist": "content_filter",
    "error": "stop",
}


class Form(msgspec.Struct, frozen=True):
    """What a thought does not know: its stamp, its price, the state id, the ids of the files that its tools made.

    `group` phrases make a chunk, 0: all of them. `thread` and `message` are the ids of what is kept, "" without
    `storage`.
    """

    stamp: Stamp
    usage: Usage
    state_id: str
    files: tuple[str, ...] = ()
    group: int = 1
    thread: str = ""
    message: str = ""


def events(thought: Thought, form: Form, tools: Mapping[str, str]) -> list[Event]:
    """`tools`: what a version calls a built-in tool, where that is not v2's name."""
    said: list[Event] = [Start(form.stamp.model)]
    if thought.reasoning:
        said += _part(PartStart("reasoning"), phrases(thought.reasoning))
    files = iter(form.files)
    for work in thought.works:
        said += [PartStart("builtin", tools.get(work.tool, work.tool))]
        if work.made:
            said += (PartDelta("Осталось 10 секунд"), PartDelta("Осталось 2 секунды"))
        said.append(PartEnd(is_failed=work.is_failed))
        media = tuple(Media(made.kind, FileRef(next(files)), made.mime) for made in work.made)
        if media:
            said += (PartStart("media"), PartEnd(media=media))
    if thought.text:
        pieces = phrases(thought.text)
        size = form.group or len(pieces)
        chunks = ["".join(pieces[at : at + size]) for at in range(0, len(pieces), size)]
        said += _part(
            PartStart("text"), chunks, tuple(Citation(source.url, source.title) for source in thought.sources)
        )
    for call in thought.calls:
        opened = PartStart("tool_call", call.name, str(uuid4()), Opaque("gigachat", form.state_id))
        said += _part(opened, [msgspec.json.encode(call.arguments).decode()])
    return [*said, Finish(FINISH[thought.finish], form.usage, thread=form.thread)]


def _part(opened: PartStart, texts: list[str], citations: tuple[Citation, ...] = ()) -> list[Event]:
    return [opened, *(PartDelta(text) for text in texts), PartEnd(citations=citations)]
