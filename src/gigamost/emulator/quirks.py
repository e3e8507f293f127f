"""How answers of the real API go wrong in their words and in their JSON (section 8), applied to right ones."""

from collections.abc import Callable
from typing import Any

import msgspec

from gigamost.emulator.ask import Thought
from gigamost.emulator.conversation import FunctionCall
from gigamost.emulator.personalities import Directives

Document = dict[str, Any]  # a whole answer or one frame of a stream, as JSON

PRELUDE = "assistant function callrecipient{"
RAW_CALL = "\n<|message_sep|>\n\nfunction call<|role_sep|>\n"
THOUGHTS = "Let me think about what was asked. I know what to say."


class Spots(msgspec.Struct, frozen=True):
    """Where a document of some version can be spoiled: the objects that hold `finish_reason`, that may hold a state id,
    and that hold a `function_call`."""

    end: Document
    said: list[Document]
    calls: list[Document]


def spoil_thought(thought: Thought, directives: Directives) -> Thought:
    """Quirks of the text: leaked preludes and calls, thoughts in tags."""
    calls = thought.calls
    if calls and "raw_call" in directives:
        thought = Thought(RAW_CALL + msgspec.json.encode(calls[0]).decode(), thought.reasoning)
    elif calls and "prelude" in directives:
        thought = msgspec.structs.replace(thought, text=PRELUDE)
    if "think" in directives:
        thought = msgspec.structs.replace(thought, text=f"<think>{THOUGHTS}</think>\n{thought.text}")
    if "escaped" in directives:
        thought = msgspec.structs.replace(thought, calls=tuple(map(_escaped, thought.calls)))
    return thought


def _escaped(call: FunctionCall) -> FunctionCall:
    """The call with its strings escaped once more."""
    return FunctionCall(
        call.name,
        {
            name: msgspec.json.encode(value).decode()[1:-1] if isinstance(value, str) else value
            for name, value in call.arguments.items()
        },
    )


def spoil_documents(
    documents: list[Document], spots: Callable[[Document], Spots], directives: Directives, finish: str
) -> list[Document]:
    """Quirks of the JSON, over the one document of a whole answer or over all frames of a stream.

    `finish` replaces the reason: one that a right answer cannot have; "" leaves it.
    """
    for document in documents:
        found = spots(document)
        if finish and "finish_reason" in found.end:
            found.end["finish_reason"] = finish
        for holder in found.calls:
            _spoil_call(holder, directives)
        if "no_state" in directives:
            for said in found.said:
                said.pop("functions_state_id", None)
                said.pop("tool_state_id", None)
        if "no_usage" in directives:
            document.pop("usage", None)
        if "no_finish" in directives:
            found.end.pop("finish_reason", None)
    return documents


def _spoil_call(holder: Document, directives: Directives) -> None:
    call: Document = holder["function_call"]
    if "wrong_types" in directives:
        call["arguments"] = {name: _stringed(value) for name, value in call["arguments"].items()}
    if "string_arguments" in directives:
        call["arguments"] = msgspec.json.encode(call["arguments"]).decode()
    if "invalid_arguments" in directives:
        call["arguments"] = '{"broken": "' + call["name"]
    if "no_call_id" in directives:
        call.pop("id", None)
    if "empty_call" in directives:
        holder["function_call"] = {}


def _stringed(value: object) -> object:
    return msgspec.json.encode(value).decode() if isinstance(value, bool | int | float) else value
