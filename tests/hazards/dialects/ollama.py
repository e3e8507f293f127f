"""Ollama's chat, as a client reads it (docs/api.md, "Generate a chat completion")."""

import json

from tests.hazards.dialects.talk import MODEL, Ask, Call, Dialect, Finish, Heard, JsonObject

FINISH: dict[str, Finish] = {"stop": "stop", "length": "length", "content_filter": "filter"}


def body(ask: Ask) -> JsonObject:
    messages: list[JsonObject] = [{"role": "system", "content": ask.system}] if ask.system else []
    for turn in ask.turns:
        if turn.role == "tool":
            messages += [
                {"role": "tool", "content": each.content, "tool_name": each.name, "tool_call_id": each.id}
                for each in turn.results
            ]
            continue
        message: JsonObject = {"role": turn.role, "content": turn.text}
        if turn.calls:
            message["tool_calls"] = [
                {"id": call.id, "function": {"name": call.name, "arguments": call.arguments}} for call in turn.calls
            ]
        messages.append(message)
    options: JsonObject = {"num_predict": ask.max_tokens}
    if ask.stop:
        options["stop"] = list(ask.stop)
    asked: JsonObject = {"model": MODEL, "messages": messages, "stream": ask.stream, "options": options}
    if ask.tools:
        asked["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in ask.tools
        ]
    return asked


def _take(answer: JsonObject, heard: Heard) -> None:
    if "error" in answer:
        heard.error = answer["error"]
        return
    message = answer["message"]
    heard.text += message.get("content", "")
    heard.reasoning += message.get("thinking", "")
    for call in message.get("tool_calls") or ():
        function = call["function"]
        heard.calls.append(Call(call.get("id", ""), function["name"], function["arguments"]))
    if answer["done"]:
        heard.ended = True
        heard.finish = FINISH[answer["done_reason"]]
        if heard.calls and heard.finish == "stop":
            heard.finish = "tools"
        heard.usage = (answer["prompt_eval_count"], answer["eval_count"])


def whole(answer: JsonObject) -> Heard:
    heard = Heard()
    _take(answer, heard)
    return heard


def stream(data: bytes) -> Heard:
    heard = Heard()
    for line in filter(None, data.decode().split("\n")):
        _take(json.loads(line), heard)
    return heard


DIALECT = Dialect(
    face="ollama",
    path=lambda ask: "/api/chat",
    headers=lambda key: {"authorization": f"Bearer {key}"},
    body=body,
    whole=whole,
    stream=stream,
    error=lambda body: str(body["error"]),
)
