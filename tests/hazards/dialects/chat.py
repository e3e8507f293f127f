"""OpenAI Chat Completions, as a client reads it (API reference, "Chat Completions" and "Streaming")."""

import json

from tests.hazards.dialects.talk import MODEL, Ask, Call, Dialect, Finish, Heard, JsonObject, events

FINISH: dict[str | None, Finish] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tools",
    "content_filter": "filter",
}


def body(ask: Ask) -> JsonObject:
    messages: list[JsonObject] = [{"role": "system", "content": ask.system}] if ask.system else []
    for turn in ask.turns:
        if turn.role == "tool":
            messages += [{"role": "tool", "tool_call_id": each.id, "content": each.content} for each in turn.results]
            continue
        message: JsonObject = {"role": turn.role, "content": turn.text}
        if turn.calls:
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
                }
                for call in turn.calls
            ]
        messages.append(message)
    asked: JsonObject = {"model": MODEL, "messages": messages, "max_tokens": ask.max_tokens, "stream": ask.stream}
    if ask.stream:
        asked["stream_options"] = {"include_usage": True}
    if ask.stop:
        asked["stop"] = list(ask.stop)
    if ask.tools:
        asked["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in ask.tools
        ]
    if ask.must_call:
        asked["tool_choice"] = "required"
    return asked


def whole(answer: JsonObject) -> Heard:
    choice = answer["choices"][0]
    message = choice["message"]
    calls = [
        Call(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in message.get("tool_calls") or ()
    ]
    usage = answer["usage"]
    return Heard(
        text=message["content"] or "",
        reasoning=message.get("reasoning_content", ""),
        calls=calls,
        finish=FINISH[choice["finish_reason"]],
        ended=True,
        usage=(usage["prompt_tokens"], usage["completion_tokens"]),
    )


def stream(data: bytes) -> Heard:
    heard = Heard()
    calls: dict[int, JsonObject] = {}
    for _, text in events(data):
        if text == "[DONE]":
            heard.ended = True
            continue
        frame = json.loads(text)
        if "error" in frame:
            heard.error = frame["error"]["message"]
            continue
        if frame.get("usage"):
            heard.usage = (frame["usage"]["prompt_tokens"], frame["usage"]["completion_tokens"])
        for choice in frame["choices"]:
            delta = choice["delta"]
            assert None not in delta.values()
            heard.text += delta.get("content", "")
            heard.reasoning += delta.get("reasoning_content", "")
            for piece in delta.get("tool_calls", ()):
                call = calls.setdefault(piece["index"], {"arguments": ""})
                function = piece.get("function", {})
                call |= {"id": piece["id"], "name": function["name"]} if "id" in piece else {}
                call["arguments"] += function.get("arguments", "")
            if choice.get("finish_reason"):
                heard.finish = FINISH[choice["finish_reason"]]
    if heard.ended:
        heard.calls = [Call(call["id"], call["name"], json.loads(call["arguments"])) for call in calls.values()]
    else:
        heard.unfinished_calls = len(calls)
    return heard


DIALECT = Dialect(
    face="openai",
    path=lambda ask: "/v1/chat/completions",
    headers=lambda key: {"authorization": f"Bearer {key}"},
    body=body,
    whole=whole,
    stream=stream,
    error=lambda body: str(body["error"]["message"]),
)
