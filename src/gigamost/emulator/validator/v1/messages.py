"""Messages of v1: which key stands where (section 4.2), and what they say."""

from collections.abc import Iterable, Iterator

from gigamost.emulator.conversation import FunctionCall, FunctionResult, Said
from gigamost.emulator.validator import rules
from gigamost.emulator.validator.json_types import Raw

PLACES: dict[str, frozenset[str]] = {
    "name": frozenset({"function"}),
    "function_call": frozenset({"assistant"}),
    "functions_state_id": frozenset({"assistant"}),
    "reasoning_content": frozenset({"assistant"}),
    "attachments": frozenset({"user"}),
}


def check_places(messages: Iterable[Raw]) -> None:
    for message in messages:
        role: str = message["role"]
        if role == "user" and not message["content"]:
            raise rules.USER_EMPTY.refuse()
        for field, roles in PLACES.items():
            if field in message and role not in roles:
                raise rules.MISPLACED.refuse(field=field, role=role)
        if role == "function" and "name" not in message:
            raise rules.RESULT_NAME.refuse()


def read(messages: Iterable[Raw]) -> Iterator[Said]:
    """Judged messages as what they say."""
    for message in messages:
        content: str = message["content"]
        if message["role"] == "function":
            yield Said("function", results=(FunctionResult(message["name"], content),))
            continue
        call: Raw | None = message.get("function_call")
        calls = (FunctionCall(call["name"], call["arguments"]),) if call else ()
        yield Said(message["role"], content, calls, files=tuple(message.get("attachments") or ()))
