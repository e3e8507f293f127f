"""How answers of the real API go wrong in their words and in their JSON (section 8), applied to right ones."""

from typing import Any

import msgspec

from gigamost.emulator.brain import FunctionCall, Thought
from gigamost.emulator.personalities import Directives

Document = dict[str, Any]  # a whole answer or one frame of a stream, as JSON

PRELUDE = "assistant function callrecipient{"
RAW_CALL = "\n<|message_sep|>\n\nfunction call<|role_sep|>\n"


def spoil_thought(thought: Thought, directives: Directives) -> Thought:
    """Quirks of the text: leaked preludes and calls, thoughts in tags."""
    call = thought.call
    if call is not None and "raw_call" in directives:
        raw = msgspec.json.encode({"name": call.name, "arguments": call.arguments}).decode()
        thought = Thought(RAW_CALL + raw, thought.reasoning)
    elif call is not None and "prelude" in directives:
        thought = msgspec.structs.replace(thought, text=PRELUDE)
    if "think" in directives:
        thought = msgspec.structs.replace(thought, text=f"<think>{THOUGHTS}</think>\n{thought.text}")
    if call is not None and "escaped" in directives:
        escaped = FunctionCall(call.name, {name: _escaped(value) for name, value in call.arguments.items()})
        thought = msgspec.structs.replace(thought, call=escaped)
    return thought


THOUGHTS = "Let me think about what was asked. I know what to say."


def _escaped(value: object) -> object:
    return msgspec.json.encode(value).decode()[1:-1] if isinstance(value, str) else value


def spoil_documents(documents: list[Document], directives: Directives, finish: str) -> list[Document]:
    """Quirks of the JSON, over the one document of a whole answer or over all frames of a stream.

    `finish` "error" is a reason that a right answer cannot have, so it comes in here.
    """
    for document in documents:
        choice: Document = document["choices"][0]
        said: Document = choice.get("message") or choice.get("delta") or {}
        if finish == "error" and "finish_reason" in choice:
            choice["finish_reason"] = "error"
        if "function_call" in said:
            _spoil_call(said, directives)
        if "no_state" in directives:
            said.pop("functions_state_id", None)
        if "no_usage" in directives:
            document.pop("usage", None)
        if "no_finish" in directives:
            choice.pop("finish_reason", None)
    if "split_arguments" in directives:
        return [piece for document in documents for piece in _split(document, directives.text("split_arguments"))]
    return documents


def _spoil_call(said: Document, directives: Directives) -> None:
    call: Document = said["function_call"]
    if "wrong_types" in directives:
        call["arguments"] = {name: _stringed(value) for name, value in call["arguments"].items()}
    if "string_arguments" in directives:
        call["arguments"] = msgspec.json.encode(call["arguments"]).decode()
    if "invalid_arguments" in directives:
        call["arguments"] = '{"broken": "' + call["name"]
    if "empty_call" in directives:
        said["function_call"] = {}


def _stringed(value: object) -> object:
    return msgspec.json.encode(value).decode() if isinstance(value, bool | int | float) else value


def _split(frame: Document, into: str) -> list[Document]:
    """A streamed call in pieces: strings that join to its JSON (`text`), or objects to be merged (`keys`)."""
    choice: Document = frame["choices"][0]
    delta: Document = choice.get("delta") or {}
    call: Document = delta.get("function_call") or {}
    if not call:
        return [frame]
    arguments = call["arguments"]
    pieces: list[object]
    if into == "keys" and isinstance(arguments, dict):
        pieces = [{name: value} for name, value in arguments.items()] or [{}]
    else:
        whole = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
        pieces = [whole[at : at + 7] for at in range(0, len(whole), 7)]
    frames = [_with_call(frame, {**call, "arguments": piece}) for piece in pieces]
    for early in frames[:-1]:
        early["choices"][0].pop("finish_reason", None)
        early.pop("usage", None)
    return frames


def _with_call(frame: Document, call: Document) -> Document:
    choice: Document = frame["choices"][0]
    return {**frame, "choices": [{**choice, "delta": {**choice["delta"], "function_call": call}}]}
