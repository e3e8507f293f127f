"""What answering takes in either version: thinking, cutting short, keeping, paying; and the steps of a stream."""

import math
import secrets
from collections.abc import Callable, Iterable
from uuid import UUID, uuid4

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.usage import Usage
from gigamost.emulator.ask import Ask, Raw, Thought
from gigamost.emulator.brain import think
from gigamost.emulator.conversation import Said, segments
from gigamost.emulator.files import Modality, StoredFile
from gigamost.emulator.http import EVENT_STREAM, Answer, Pause, Step, Write
from gigamost.emulator.quirks import spoil_thought
from gigamost.emulator.rendering import Form
from gigamost.emulator.state import Call, State
from gigamost.emulator.threads import Thread, keep
from gigamost.emulator.tokens import END, count, count_prompt, truncate

_MODALITIES: dict[str, Modality] = {"image": "image", "model3d": "3dmodel"}


class Storage(msgspec.Struct, frozen=True):
    """What is to be kept: `heard` behind what the thread has; None for a new thread."""

    thread: Thread | None
    heard: tuple[Said, ...]
    assistant_id: str = ""


def find_file(state: State, call: Call) -> Callable[[str], StoredFile | None]:
    return lambda file_id: state.files.get(file_id, call.account.client_id)


def recall(state: State, call: Call) -> Callable[[str], tuple[Said, ...] | None]:
    """What was said in a thread of the caller."""

    def said(thread_id: str) -> tuple[Said, ...] | None:
        thread = state.threads.get(thread_id, call.account.client_id)
        return None if thread is None else thread.said

    return said


def thread_of(state: State, call: Call, storage: Raw) -> Thread | None:
    """The thread that a judged request continues."""
    return state.threads.get(storage.get("thread_id", ""), call.account.client_id)


def last_files(state: State, call: Call, said: Iterable[Said]) -> tuple[StoredFile, ...]:
    """The files of the last user message."""
    asked = [message for message in said if message.role == "user"][-1:]
    files = [find_file(state, call)(file_id) for message in asked for file_id in message.files]
    return tuple(file for file in files if file is not None)


def answer(state: State, call: Call, ask: Ask, storage: Storage | None, interval: float) -> tuple[Thought, Form]:
    """`interval`: seconds between the chunks of a stream that the client asked for, 0 for as they come."""
    thought = spoil_thought(_shortened(think(ask), ask), call.directives)
    now = int(state.clock())
    files = tuple(_stored(state, call, thought, now))
    usage = _usage(state, call, ask, thought)
    state.purse.spend(call.account, ask.model.usage, usage.total_tokens - usage.cached_tokens)
    keeps = None if call.directives.fails else storage
    thread, message = ("", "") if keeps is None else _keep(state, call, keeps, ask, thought, files)
    stamp = Stamp(secrets.token_hex(8), now, ask.model.backend)
    form = Form(
        stamp, usage, str(_uuid7(state.clock())), files, _group(interval, state.settings.delay), thread, message
    )
    return thought, form


def _shortened(thought: Thought, ask: Ask) -> Thought:
    """`max_tokens`, and the directive that cuts in the middle. A call is never cut: nobody has seen one."""
    if thought.calls:
        return thought
    limit = ask.max_tokens or math.inf
    if "length" in ask.directives:
        limit = min(limit, max(1, count(thought.text) // 2))
    if count(thought.text) <= limit:
        return thought
    return msgspec.structs.replace(thought, text=truncate(thought.text, int(limit)), finish="length")


def _stored(state: State, call: Call, thought: Thought, now: int) -> Iterable[str]:
    """The ids of the files that the tools made."""
    for work in thought.works:
        for made in work.made:
            file_id, name = str(uuid4()), f"{uuid4()}.{made.suffix}"
            owner, modality = call.account.client_id, _MODALITIES[made.kind]
            file = StoredFile(file_id, name, now, "general", modality, made.mime, made.data, owner, call.end_user or "")
            yield state.files.put(file).id


def _usage(state: State, call: Call, ask: Ask, thought: Thought) -> Usage:
    prompt = tuple(segments(ask.functions, ask.said))
    files = [find_file(state, call)(file_id) for message in ask.said for file_id in message.files]
    read = count_prompt(prompt, ask.model.overhead) + sum(file.tokens for file in files if file is not None)
    session = call.request.headers.get("x-session-id")
    cached = state.cache.take(call.account.client_id, session, ask.model.id, prompt) if session else 0
    written = [thought.text, thought.reasoning]
    written += [msgspec.json.encode(call.arguments).decode() for call in thought.calls]
    return Usage(read, count("".join(written)) + END, cached)


def _keep(
    state: State, call: Call, storage: Storage, ask: Ask, thought: Thought, files: tuple[str, ...]
) -> tuple[str, str]:
    """The ids of the thread and of the answer in it."""
    now = int(state.clock())
    thread = storage.thread or state.threads.create(call.account.client_id, now)
    heard = tuple(keep(said, now) for said in storage.heard)
    told = keep(Said("assistant", thought.text, thought.calls, files=files), now, thought.finish)
    changes = {"assistant_id": storage.assistant_id} if storage.assistant_id else {}
    state.threads.add(thread, (*heard, told), now, model=ask.model.id, **changes)
    return thread.id, told.id


def _group(interval: float, delay: float) -> int:
    """How many phrases make a chunk that comes once in `interval` seconds; 0: all of them."""
    if not interval:
        return 1
    return math.ceil(min(interval, 3600) / delay) if delay else 0


def stream(state: State, call: Call, frames: Iterable[bytes]) -> Answer:
    """Frames of server-sent events, with the silence between them that was asked for."""
    delay = call.directives.seconds("slow", call.directives.seconds("delay", state.settings.delay))
    steps: list[Step] = []
    for frame in frames:
        if steps and delay:
            steps.append(Pause(delay))
        steps.append(Write(frame))
    return Answer(200, tuple(steps), EVENT_STREAM, sized=False)


def _uuid7(now: float) -> UUID:
    """State ids are UUIDs that begin with their time."""
    value = int(now * 1000) << 80 | secrets.randbits(80)
    return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62)
