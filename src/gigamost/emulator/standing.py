"""What a request leaves to its assistant or its thread, filled in before the judge: model, instructions, functions."""

from collections.abc import Callable

from gigamost.emulator.assistants import Assistant
from gigamost.emulator.state import Call, State
from gigamost.emulator.validator.json_types import Raw, is_object


def fill_v1(state: State, call: Call) -> object:
    """Raises RefusalError (404) for an assistant that the caller does not have."""

    def instructed(assistant: Assistant, raw: Raw) -> Raw:
        functions = raw.get("functions") or []
        return {"functions": [*assistant.functions, *functions]} if isinstance(functions, list) else {}

    return _filled(state, call, instructed, lambda text: text)


def fill_v2(state: State, call: Call) -> object:
    """Raises RefusalError (404) for an assistant that the caller does not have."""

    def instructed(assistant: Assistant, raw: Raw) -> Raw:
        tools = raw.get("tools", [])
        own = {"functions": {"specifications": list(assistant.functions)}}
        return {"tools": [own, *tools]} if isinstance(tools, list) else {}

    return _filled(state, call, instructed, lambda text: [{"text": text}])


def _filled(
    state: State, call: Call, instructed: Callable[[Assistant, Raw], Raw], content: Callable[[str], object]
) -> object:
    raw, owner = call.raw, call.account.client_id
    if not is_object(raw):
        return raw
    storage: Raw = raw["storage"] if is_object(raw.get("storage")) else {}
    thread_id = storage.get("thread_id")
    thread = state.threads.get(thread_id, owner) if isinstance(thread_id, str) else None
    assistant_id = raw.get("assistant_id", storage.get("assistant_id", thread.assistant_id if thread else ""))
    if not assistant_id:
        return {"model": thread.model, **raw} if thread else raw
    assistant = state.assistants.need(assistant_id, owner)
    filled: Raw = {**raw, "model": raw.get("model", assistant.model)}
    if assistant.functions:
        filled |= instructed(assistant, raw)
    messages = raw.get("messages")
    if assistant.instructions and isinstance(messages, list) and not (thread and thread.messages):
        filled["messages"] = [{"role": "system", "content": content(assistant.instructions)}, *messages]
    return filled
