"""`POST /chat/completions` of v1: judged, thought about, rendered, spoiled where that is asked for.

The place of v2: another judge and another rendering around the same brain, with its route in `routes.V2`.
"""

import math
import secrets
from uuid import UUID, uuid4

import msgspec

from gigamost.core.codec import Stamp
from gigamost.core.usage import Usage
from gigamost.emulator import rendering
from gigamost.emulator.brain import Ask, Body, Thought, think
from gigamost.emulator.catalogue import Facts
from gigamost.emulator.files import StoredFile
from gigamost.emulator.http import EVENT_STREAM, Answer, Pause, Step, Write, json_answer
from gigamost.emulator.picture import draw
from gigamost.emulator.quirks import Document, spoil_documents, spoil_thought
from gigamost.emulator.state import Call, State
from gigamost.emulator.tokens import END, count, count_prompt, truncate
from gigamost.emulator.validator import attached, judge
from gigamost.framing import sse


def complete(state: State, call: Call) -> Answer:
    body, model = _judged(state, call)
    if not body.get("stream"):
        return json_answer(_document(state, call, body, model))
    thought, form = _thought(state, call, body, model)
    split = "two_chunks" in call.directives or (state.settings.split_finish and "one_chunk" not in call.directives)
    documents = rendering.frames(thought, form, split_finish=split)
    data = [msgspec.json.encode(frame) for frame in spoil_documents(documents, call.directives, thought.finish)]
    if "no_done" not in call.directives:
        data.append(b"[DONE]")
    delay = call.directives.seconds("slow", call.directives.seconds("delay", state.settings.delay))
    steps: list[Step] = []
    for frame in data:
        if steps and delay:
            steps.append(Pause(delay))
        steps.append(Write(sse.encode(frame)))
    return Answer(200, tuple(steps), EVENT_STREAM, sized=False)


def complete_whole(state: State, call: Call) -> Document:
    """The body of a non-stream answer, for a batch. Raises RefusalError."""
    return _document(state, call, *_judged(state, call))


def _judged(state: State, call: Call) -> tuple[Body, Facts]:
    def find(file_id: str) -> StoredFile | None:
        return state.files.get(file_id, call.account.client_id)

    body, model = judge(call.raw, state.models, find, strict_fields=state.settings.strict_fields)
    state.purse.check(call.account, model.usage)
    return body, model


def _document(state: State, call: Call, body: Body, model: Facts) -> Document:
    thought, form = _thought(state, call, body, model)
    document = rendering.whole(thought, form)
    if "response_format" in body:
        document["object"] = "chat.completions"  # the plural is recorded for structured answers
    (spoiled,) = spoil_documents([document], call.directives, thought.finish)
    return spoiled


def _thought(state: State, call: Call, body: Body, model: Facts) -> tuple[Thought, rendering.Form]:
    owner = call.account.client_id
    last = [message for message in body["messages"] if message["role"] == "user"][-1:]
    seen = attached({"messages": last}, lambda file_id: state.files.get(file_id, owner))
    ask = Ask(body, model, call.directives, tuple(seen))
    thought = spoil_thought(_shortened(think(ask), ask), call.directives)
    now = int(state.clock())
    picture_id = None
    if thought.picture is not None:
        picture = draw(thought.picture)
        name = f"{uuid4()}.jpg"
        file = StoredFile(
            str(uuid4()), name, now, "general", "image", "image/jpeg", picture, owner, call.end_user or ""
        )
        picture_id = state.files.put(file).id
    usage = _usage(state, call, body, model, thought)
    state.purse.spend(call.account, model.usage, usage.total_tokens - usage.cached_tokens)
    group = _group(body.get("update_interval", 0), state.settings.delay)
    stamp = Stamp(secrets.token_hex(8), now, model.backend)
    thread = body["storage"].get("thread_id") or str(_uuid7(state.clock())) if "storage" in body else ""
    return thought, rendering.Form(stamp, usage, str(_uuid7(state.clock())), picture_id, group, thread)


def _group(interval: float, delay: float) -> int:
    """How many phrases make a chunk that comes once in `interval` seconds; 0: all of them."""
    if not interval:
        return 1
    return math.ceil(min(interval, 3600) / delay) if delay else 0


def _shortened(thought: Thought, ask: Ask) -> Thought:
    """`max_tokens`, and the directive that cuts in the middle. A call is never cut: nobody has seen one."""
    if thought.call is not None:
        return thought
    limit = ask.body.get("max_tokens") or math.inf
    if "length" in ask.directives:
        limit = min(limit, max(1, count(thought.text) // 2))
    if count(thought.text) <= limit:
        return thought
    return msgspec.structs.replace(thought, text=truncate(thought.text, int(limit)), finish="length")


def _usage(state: State, call: Call, body: Body, model: Facts, thought: Thought) -> Usage:
    files = attached(body, lambda file_id: state.files.get(file_id, call.account.client_id))
    prompt = count_prompt(body, model.overhead) + sum(file.tokens for file in files)
    session = call.request.headers.get("x-session-id")
    cached = state.cache.take(call.account.client_id, session, body) if session else 0
    written = thought.text + thought.reasoning
    if thought.call is not None:
        written += msgspec.json.encode(thought.call.arguments).decode()
    return Usage(prompt, count(written) + END, cached)


def _uuid7(now: float) -> UUID:
    """State ids are UUIDs that begin with their time."""
    value = int(now * 1000) << 80 | secrets.randbits(80)
    return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62)
