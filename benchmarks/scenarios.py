"""What is asked: the request bodies and how often each is sent. Sizes are those of real clients."""

import json
from dataclasses import dataclass

CHUNKS = 50  # by which a long stream is longer than a short one


@dataclass(frozen=True)
class Scenario:
    """`requests` in one round over `connections`; every answer contains `expect`."""

    name: str
    body: bytes
    requests: int
    connections: int
    expect: str


def _body(messages: list[dict[str, object]], **more: object) -> bytes:
    value = {"model": "GigaChat-2-Max", "messages": messages, "temperature": 0.7, "max_tokens": 1024, **more}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def small(wish: str = "", *, stream: bool = False) -> bytes:
    """A question of about 1 KB."""
    system = "Ты диспетчер железной дороги. Отвечай коротко, по делу и только о расписании. " * 3
    question = f"Когда поезд пройдёт по мосту, если он опаздывает на двадцать минут? {wish} " + "Подумай. " * 22
    messages: list[dict[str, object]] = [
        {"role": "system", "content": system},
        {"role": "user", "content": question},
    ]
    return _body(messages, stream=stream)


def agent() -> bytes:
    """An agent's turn of about 65 KB: a long system text, 25 tools, a history of calls and results."""
    system = "You are a coding agent. Read files before you edit them, run the tests, explain every change.\n" * 235
    messages: list[dict[str, object]] = [
        {"role": "system", "content": system},
        {"role": "user", "content": "Почини тесты моста."},
    ]
    for turn in range(12):
        call = {"name": f"tool_{turn}", "arguments": json.dumps({"path": f"src/bridge_{turn}.py", "limit": 200})}
        messages += [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": f"call{turn:04}", "type": "function", "function": call}],
            },
            {"role": "tool", "tool_call_id": f"call{turn:04}", "content": "def span(metres): return metres\n" * 40},
        ]
    messages.append({"role": "user", "content": "Продолжай."})
    return _body(messages, tools=[_tool(number) for number in range(25)], tool_choice="auto", stream=False)


def _tool(number: int) -> dict[str, object]:
    prose = "Reads, searches or changes a part of the project and returns what it found as text. " * 3
    options = {
        "type": "object",
        "description": "How to do it.",
        "properties": {
            "mode": {"type": "string", "enum": ["read", "write", "search"], "description": "What to do."},
            "depth": {"type": "integer", "minimum": 0, "description": "How deep to go."},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "additionalProperties": False,
    }
    properties = {
        "path": {"type": "string", "description": "The file, from the root of the project."},
        "limit": {"type": "integer", "description": "The most lines to return."},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "A note for the log."},
        "options": options,
    }
    schema = {"type": "object", "properties": properties, "required": ["path"], "additionalProperties": False}
    return {"type": "function", "function": {"name": f"tool_{number}", "description": prose, "parameters": schema}}


def _stream(name: str, requests: int, connections: int, chunks: int, pace: int) -> Scenario:
    return Scenario(name, small(f"chunks={chunks} pace={pace}", stream=True), requests, connections, "[DONE]")


SMALL = Scenario("request of 1 KB", small(), 2000, 16, "расписанию")
AGENT = Scenario("request of 65 KB, 25 tools", agent(), 1000, 16, "расписанию")
SHORT = _stream("stream of 1 chunk", 1000, 16, 1, 0)
LONG = _stream(f"stream of {1 + CHUNKS} chunks", 500, 16, 1 + CHUNKS, 0)
# Few streams at a time: with many, several chunks come in one wake-up and the cost of a wake-up does not show.
PACED_SHORT = _stream("stream of 1 chunk, 5 ms apart", 500, 8, 1, 5)
PACED_LONG = _stream(f"stream of {1 + CHUNKS} chunks, 5 ms apart", 64, 8, 1 + CHUNKS, 5)
ALL = (SMALL, AGENT, SHORT, LONG, PACED_SHORT, PACED_LONG)
