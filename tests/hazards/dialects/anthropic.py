"""Anthropic Messages, as a client reads it (API reference, "Messages" and "Streaming")."""

import json

from tests.hazards.dialects.talk import MODEL, Ask, Call, Dialect, Finish, Heard, JsonObject, Turn, events

FINISH: dict[str | None, Finish] = {
    "end_turn": "stop",
    "max_tokens": "length",
    "tool_use": "tools",
    "refusal": "filter",
    "stop_sequence": "stop_sequence",
}


def _message(turn: Turn) -> JsonObject:
    blocks: list[JsonObject] = [{"type": "text", "text": turn.text}] if turn.text else []
    blocks += [{"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments} for call in turn.calls]
    blocks += [
        {"type": "tool_result", "tool_use_id": each.id, "content": each.content, "is_error": each.is_error}
        for each in turn.results
    ]
    return {"role": "assistant" if turn.role == "assistant" else "user", "content": blocks}


def body(ask: Ask) -> JsonObject:
    asked: JsonObject = {
        "model": MODEL,
        "messages": [_message(turn) for turn in ask.turns],
        "max_tokens": ask.max_tokens,
        "stream": ask.stream,
    }
    if ask.system:
        asked["system"] = ask.system
    if ask.stop:
        asked["stop_sequences"] = list(ask.stop)
    if ask.tools:
        asked["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.parameters} for tool in ask.tools
        ]
    if ask.think:
        asked["thinking"] = {"type": "adaptive"}
    if ask.must_call:
        asked["tool_choice"] = {"type": "any"}
    return asked


def _block(block: JsonObject, heard: Heard) -> None:
    match block["type"]:
        case "text":
            heard.text += block["text"]
        case "thinking":
            heard.reasoning += block["thinking"]
        case "tool_use":
            heard.calls.append(Call(block["id"], block["name"], block["input"]))

        case _:
            pass


def whole(answer: JsonObject) -> Heard:
    heard = Heard(finish=FINISH[answer["stop_reason"]], ended=True)
    for block in answer["content"]:
        _block(block, heard)
    heard.usage = _usage(answer["usage"])
    return heard


def _usage(usage: JsonObject) -> tuple[int, int]:
    """Cached tokens are counted apart from the others."""
    cached = (usage.get("cache_read_input_tokens") or 0) + (usage.get("cache_creation_input_tokens") or 0)
    return usage["input_tokens"] + cached, usage["output_tokens"]


def stream(data: bytes) -> Heard:
    heard = Heard()
    block: JsonObject | None = None
    pieces = ""
    for name, text in events(data):
        event = json.loads(text)
        assert event["type"] == name
        match name:
            case "content_block_start":
                assert block is None
                block, pieces = event["content_block"], ""
            case "content_block_delta":
                assert block is not None
                match event["delta"]["type"]:
                    case "text_delta":
                        block["text"] += event["delta"]["text"]
                    case "thinking_delta":
                        block["thinking"] += event["delta"]["thinking"]
                    case "input_json_delta":
                        pieces += event["delta"]["partial_json"]
                    case _:
                        pass
            case "content_block_stop":
                assert block is not None
                if block["type"] == "tool_use":
                    block["input"] = json.loads(pieces or "{}")
                _block(block, heard)
                block = None
            case "message_delta":
                heard.finish = FINISH[event["delta"]["stop_reason"]]
                heard.usage = _usage(event["usage"])
            case "message_stop":
                heard.ended = True
            case "error":
                heard.error = event["error"]["message"]
            case _:
                pass
    if block is not None:
        assert block["type"] == "tool_use", "only a cut tool call may stay open"
        heard.unfinished_calls = 1
    return heard


DIALECT = Dialect(
    face="anthropic",
    path=lambda ask: "/v1/messages",
    headers=lambda key: {"x-api-key": key, "anthropic-version": "2023-06-01"},
    body=body,
    whole=whole,
    stream=stream,
    error=lambda body: str(body["error"]["message"]),
)
