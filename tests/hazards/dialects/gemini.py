"""Gemini generateContent, as a client reads it (API reference, "Generating content")."""

import json

from tests.hazards.dialects.talk import MODEL, Ask, Call, Dialect, Finish, Heard, JsonObject, Turn

FINISH: dict[str, Finish] = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "filter"}


def _content(turn: Turn) -> JsonObject:
    parts: list[JsonObject] = [{"text": turn.text}] if turn.text else []
    parts += [{"functionCall": {"id": call.id, "name": call.name, "args": call.arguments}} for call in turn.calls]
    parts += [
        {"functionResponse": {"id": each.id, "name": each.name, "response": {"output": each.content}}}
        for each in turn.results
    ]
    return {"role": "model" if turn.role == "assistant" else "user", "parts": parts}


def body(ask: Ask) -> JsonObject:
    asked: JsonObject = {
        "contents": [_content(turn) for turn in ask.turns],
        "generationConfig": {"maxOutputTokens": ask.max_tokens, "stopSequences": list(ask.stop)},
    }
    if ask.think:
        asked["generationConfig"]["thinkingConfig"] = {"includeThoughts": True}
    if ask.system:
        asked["systemInstruction"] = {"parts": [{"text": ask.system}]}
    if ask.tools:
        declared = [
            {"name": tool.name, "description": tool.description, "parametersJsonSchema": tool.parameters}
            for tool in ask.tools
        ]
        asked["tools"] = [{"functionDeclarations": declared}]
    if ask.must_call:
        asked["toolConfig"] = {"functionCallingConfig": {"mode": "ANY"}}
    return asked


def _take(answer: JsonObject, heard: Heard) -> None:
    if "usageMetadata" in answer:
        usage = answer["usageMetadata"]
        thoughts = usage.get("thoughtsTokenCount", 0)
        heard.usage = (usage["promptTokenCount"], usage.get("candidatesTokenCount", 0) + thoughts)
    if answer.get("promptFeedback", {}).get("blockReason"):
        heard.finish, heard.ended = "filter", True
    for candidate in answer.get("candidates", ()):
        for part in candidate.get("content", {}).get("parts", ()):
            if "functionCall" in part:
                call = part["functionCall"]
                heard.calls.append(Call(call["id"], call["name"], call.get("args", {})))
            elif part.get("thought"):
                heard.reasoning += part["text"]
            else:
                heard.text += part.get("text", "")
        if candidate.get("finishReason"):
            heard.finish, heard.ended = FINISH[candidate["finishReason"]], True
    if heard.calls and heard.finish == "stop":
        heard.finish = "tools"


def whole(answer: JsonObject) -> Heard:
    heard = Heard()
    _take(answer, heard)
    return heard


def stream(data: bytes) -> Heard:
    """As strictly as Gemini CLI: every block is one `data:` line with JSON, nothing else (clients.md, section 4)."""
    heard = Heard()
    for block in filter(None, data.decode().replace("\r\n", "\n").split("\n\n")):
        assert block.startswith("data: ")
        answer = json.loads(block[6:])
        if "error" in answer:
            heard.error = answer["error"]["message"]
        else:
            _take(answer, heard)
    return heard


def _path(ask: Ask) -> str:
    return f"/v1beta/models/{MODEL}:" + ("streamGenerateContent?alt=sse" if ask.stream else "generateContent")


DIALECT = Dialect(
    face="gemini",
    path=_path,
    headers=lambda key: {"x-goog-api-key": key},
    body=body,
    whole=whole,
    stream=stream,
    error=lambda body: str(body["error"]["message"]),
)
