"""`POST /v2/chat/completions`: judged, thought about, rendered, spoiled where that is asked for (section 5)."""

import msgspec

from gigamost.core.fold import fold
from gigamost.core.messages import BuiltinCall
from gigamost.emulator.ask import Ask, Raw, Thought
from gigamost.emulator.catalogue import Facts
from gigamost.emulator.completion import Storage, answer, find_file, last_files, recall, stream, thread_of
from gigamost.emulator.http import Answer, json_answer
from gigamost.emulator.quirks import Document, Spots, spoil_documents
from gigamost.emulator.rendering import Form, events
from gigamost.emulator.standing import fill_v2
from gigamost.emulator.state import Call, State
from gigamost.emulator.threads import latest
from gigamost.emulator.validator.v2 import builtins_of, functions_of, judge, read
from gigamost.emulator.validator.v2.rules import STATE_REFUSED
from gigamost.emulator.validator.v2.shapes import RESULT_ROLES, STATE_IDS
from gigamost.framing import sse
from gigamost.protocols.gigachat import v2

DELTA, DONE = "response.message.delta", "response.message.done"


class Frame(msgspec.Struct, frozen=True):
    event: str
    document: Document


def complete(state: State, call: Call) -> Answer:
    body, model = _judged(state, call)
    ask = _ask(state, call, body, model)
    interval: float = body.get("model_options", {}).get("update_interval", 0)
    thought, form = answer(state, call, ask, _storage(state, call, body), interval)
    finish = call.directives.text("finish") or ("function_call_error" if thought.finish == "error" else "")
    if not body.get("stream"):
        (document,) = spoil_documents([_whole(thought, form)], _spots, call.directives, finish)
        return json_answer(document)
    frames = _frames(thought, form, early_call="two_chunks" in call.directives)
    spoil_documents([frame.document for frame in frames], _spots, call.directives, finish)
    if "no_done" in call.directives:
        frames.pop()
    return stream(state, call, [sse.encode(msgspec.json.encode(frame.document), frame.event) for frame in frames])


def _judged(state: State, call: Call) -> tuple[Raw, Facts]:
    role = call.directives.text("result_role") or state.settings.result_role
    missing = call.directives.text("unavailable")
    body, model = judge(
        fill_v2(state, call),
        state.models,
        find_file(state, call),
        strict_fields=state.settings.strict_fields,
        available=call.account.tools - {missing},
        result_roles=(role,) if role else RESULT_ROLES,
        recall=recall(state, call),
    )
    if "refuse_state" in call.directives and _has_state(body):
        raise STATE_REFUSED.refuse()
    state.purse.check(call.account, model.usage)
    return body, model


def _has_state(body: Raw) -> bool:
    return any(name in place for place in (body, *body["messages"]) for name in STATE_IDS)


def _storage(state: State, call: Call, body: Raw) -> Storage | None:
    if "storage" not in body:
        return None
    thread = thread_of(state, call, body["storage"])
    return Storage(thread, tuple(read(body["messages"])), body.get("assistant_id", ""))


def _ask(state: State, call: Call, body: Raw, model: Facts) -> Ask:
    stored: Raw = body.get("storage", {})
    thread = thread_of(state, call, stored)
    said = latest((*(thread.said if thread else ()), *read(body["messages"])), stored.get("limit"))
    options: Raw = body.get("model_options", {})
    response_format: Raw = options.get("response_format", {})
    config: Raw = body.get("tool_config", {})
    may_call = config.get("mode") != "none"
    return Ask(
        model,
        call.directives,
        said,
        tuple(functions_of(body)),
        tuple(builtins_of(body)) if may_call else (),
        may_call=may_call,
        forced=config.get("function_name", "") or config.get("tool_name", ""),
        parallel=True,
        schema=response_format.get("schema"),
        strict=bool(response_format.get("strict")),
        pattern=response_format.get("regex", "") if response_format.get("type") == "regex" else "",
        thinks=model.reasoning and options.get("reasoning", {}).get("effort", "off") != "off",
        max_tokens=options.get("max_tokens"),
        files=last_files(state, call, said),
        now=state.clock(),
        timezone=body.get("user_info", {}).get("timezone", ""),
    )


def _whole(thought: Thought, form: Form) -> Document:
    """A tool that succeeded leaves its result alone in a whole answer. [recorded]"""
    reply = fold(events(thought, form, {}))
    shown = tuple(part for part in reply.parts if not isinstance(part, BuiltinCall) or part.is_failed)
    document: Document = msgspec.json.decode(v2.encode(msgspec.structs.replace(reply, parts=shown), form.stamp))
    if thought.works:
        document["messages"][-1] = _with_state(document["messages"][-1], form)
    return document | _ids(form)


def _frames(thought: Thought, form: Form, *, early_call: bool) -> list[Frame]:
    """The frames of a stream. `early_call`: calls come in a delta of their own before the last frame."""
    encoder = v2.Encoder(form.stamp)
    data = b"".join(encoder.feed(event) for event in events(thought, form, {}))
    frames = [Frame(frame.event, msgspec.json.decode(frame.data)) for frame in sse.Reader().feed(data)]
    if thought.works:
        said = next((frame.document for frame in frames if frame.event == DELTA), None)
        if said is not None:
            said["messages"] = [_with_state(said["messages"][0], form)]
    last = frames[-1].document
    last |= _ids(form)
    if early_call and "messages" in last:
        head = {name: last[name] for name in ("model", "created_at")}
        frames.insert(-1, Frame(DELTA, {**head, "messages": last.pop("messages")}))
    return frames


def _with_state(message: Document, form: Form) -> Document:
    """A built-in tool leaves its state id beside its answer. [recorded]"""
    return {"role": message["role"], "tool_state_id": form.state_id, **message}


def _ids(form: Form) -> Document:
    """What is kept has two ids, of the thread and of the message. [sdk]"""
    return {"message_id": form.message} if form.message else {}


def _spots(document: Document) -> Spots:
    messages: list[Document] = document.get("messages", [])
    parts = [part for message in messages for part in message["content"]]
    return Spots(document, messages, [part for part in parts if "function_call" in part])
