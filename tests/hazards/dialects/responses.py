"""OpenAI Responses, as a client reads it (API reference, "Responses" and "Streaming events")."""

import json

from tests.hazards.dialects.talk import MODEL, Ask, Call, Dialect, Finish, Heard, JsonObject, events

REASONS: dict[str, Finish] = {"max_output_tokens": "length", "content_filter": "filter"}


def body(ask: Ask) -> JsonObject:
    items: list[JsonObject] = []
    for turn in ask.turns:
        if turn.text:
            items.append({"role": turn.role, "content": turn.text})
        items += [
            {
                "type": "function_call",
                "call_id": call.id,
                "name": call.name,
                "arguments": json.dumps(call.arguments),
            }
            for call in turn.calls
        ]
        items += [{"type": "function_call_output", "call_id": each.id, "output": each.content} for each in turn.results]
    asked: JsonObject = {
        "model": MODEL,
        "input": items,
        "max_output_tokens": ask.max_tokens,
        "stream": ask.stream,
        "store": False,
    }
    if ask.system:
        asked["instructions"] = ask.system
    if ask.tools:
        asked["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": False,
            }
            for tool in ask.tools
        ]
    if ask.must_call:
        asked["tool_choice"] = "required"
    return asked


def whole(answer: JsonObject) -> Heard:
    heard = Heard(ended=answer["status"] in ("completed", "incomplete"))
    if answer["error"]:
        heard.error = answer["error"]["message"]
    for item in answer["output"]:
        match item["type"]:
            case "message":
                heard.text += "".join(part.get("text", part.get("refusal", "")) for part in item["content"])
            case "reasoning":
                parts = [*item.get("summary", ()), *(item.get("content") or ())]
                heard.reasoning += "".join(part["text"] for part in parts)
            case "function_call":
                heard.calls.append(Call(item["call_id"], item["name"], json.loads(item["arguments"])))
            case _:
                pass
    if answer["status"] == "completed":
        heard.finish = "tools" if heard.calls else "stop"
    if answer["status"] == "incomplete":
        heard.finish = REASONS[answer["incomplete_details"]["reason"]]
    if answer["usage"]:
        heard.usage = (answer["usage"]["input_tokens"], answer["usage"]["output_tokens"])
    return heard


def stream(data: bytes) -> Heard:
    """Text from the deltas, calls from finished items, the rest from the last event: what agents rely on."""
    text, opened = "", 0
    calls: list[Call] = []
    last: Heard | None = None
    done = False
    for number, (name, raw) in enumerate(events(data)):
        if raw == "[DONE]":
            done = True
            continue
        event = json.loads(raw)
        assert (event["type"], event["sequence_number"]) == (name, number)
        match event["type"]:
            case "response.output_text.delta":
                text += event["delta"]
            case "response.output_item.added":
                opened += event["item"]["type"] == "function_call"
            case "response.output_item.done" if event["item"]["type"] == "function_call":
                item = event["item"]
                calls.append(Call(item["call_id"], item["name"], json.loads(item["arguments"])))
            case "response.completed" | "response.incomplete" | "response.failed":
                assert event["response"]["status"] == event["type"].removeprefix("response.")
                last = whole(event["response"])
            case _:
                pass
    if last is None:
        return Heard(text=text, unfinished_calls=opened)
    if last.error is None:
        assert (last.text, last.calls) == (text, calls)
    last.text, last.calls, last.unfinished_calls = text, calls, opened - len(calls)
    last.ended = last.ended and done
    return last


DIALECT = Dialect(
    face="openai",
    path=lambda ask: "/v1/responses",
    headers=lambda key: {"authorization": f"Bearer {key}"},
    body=body,
    whole=whole,
    stream=stream,
    error=lambda body: str(body["error"]["message"]),
)
