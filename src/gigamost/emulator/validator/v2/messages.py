"""Messages of v2: which part stands where (section 5.2), and what they say."""

from collections.abc import Iterable, Iterator

import msgspec

from gigamost.emulator.conversation import FunctionCall, FunctionResult, Role, Said
from gigamost.emulator.validator.history import is_json
from gigamost.emulator.validator.json_types import Raw
from gigamost.emulator.validator.v2 import rules
from gigamost.emulator.validator.v2.shapes import RESULT_ROLES, STATE_IDS

PLACES: dict[str, tuple[str, ...]] = {
    "files": ("user", "assistant"),
    "function_call": ("assistant",),
    "function_result": RESULT_ROLES,
    "tool_execution": (),  # it stands in answers only
    "text": ("system", "user", "assistant"),
    **dict.fromkeys(STATE_IDS, ("assistant", *RESULT_ROLES)),
}


def check_results(messages: Iterable[Raw]) -> None:
    """Results are JSON objects, as such or as text; text of another kind is refused with the status of a shape."""
    for message in messages:
        for part in message["content"]:
            result: Raw = part.get("function_result", {})
            if isinstance(result.get("result"), str) and not is_json(result["result"]):
                raise rules.RESULT_JSON.refuse(name=result["name"], text=result["result"])


def check_places(messages: Iterable[Raw]) -> None:
    for message in messages:
        role: str = message["role"]
        for place in (message, *message["content"]):
            for field, roles in PLACES.items():
                if field in place and role not in roles:
                    raise rules.MISPLACED.refuse(field=field, role=role)
        if not message["content"] or (role == "user" and not any(map(_speaks, message["content"]))):
            raise rules.CONTENT_EMPTY.refuse(role=role)


def _speaks(part: Raw) -> bool:
    return bool(part.get("text") or part.get("files"))


def read(messages: Iterable[Raw]) -> Iterator[Said]:
    """Judged messages as what they say. Text parts are paragraphs."""
    for message in messages:
        parts: list[Raw] = message["content"]
        role: Role = "function" if message["role"] in RESULT_ROLES else message["role"]
        calls = [part["function_call"] for part in parts if "function_call" in part]
        results = [part["function_result"] for part in parts if "function_result" in part]
        yield Said(
            role,
            "\n".join(part["text"] for part in parts if "text" in part),
            tuple(FunctionCall(call["name"], call["arguments"]) for call in calls),
            tuple(FunctionResult(result["name"], _json(result["result"])) for result in results),
            tuple(file["id"] for part in parts for file in part.get("files", ())),
        )


def _json(result: object) -> str:
    return result if isinstance(result, str) else msgspec.json.encode(result).decode()
