"""Bedrock's Converse, as a client reads it; the frames are read by botocore (API reference, "ConverseStream")."""

import json

from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped]  # boto3 has no types

from tests.hazards.dialects.talk import MODEL, Ask, Call, Dialect, Finish, Heard, JsonObject, Turn

FINISH: dict[str, Finish] = {
    "end_turn": "stop",
    "max_tokens": "length",
    "tool_use": "tools",
    "content_filtered": "filter",
    "stop_sequence": "stop_sequence",
}


def _message(turn: Turn) -> JsonObject:
    blocks: list[JsonObject] = [{"text": turn.text}] if turn.text else []
    blocks += [{"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.arguments}} for call in turn.calls]
    blocks += [
        {
            "toolResult": {
                "toolUseId": each.id,
                "content": [{"text": each.content}],
                "status": "error" if each.is_error else "success",
            }
        }
        for each in turn.results
    ]
    return {"role": "assistant" if turn.role == "assistant" else "user", "content": blocks}


def body(ask: Ask) -> JsonObject:
    limits: JsonObject = {"maxTokens": ask.max_tokens}
    if ask.stop:
        limits["stopSequences"] = list(ask.stop)
    asked: JsonObject = {"messages": [_message(turn) for turn in ask.turns], "inferenceConfig": limits}
    if ask.system:
        asked["system"] = [{"text": ask.system}]
    if ask.tools:
        tools = [
            {
                "toolSpec": {
                    "name": tool.name,
                    "description": tool.description,
                    "inputSchema": {"json": tool.parameters},
                }
            }
            for tool in ask.tools
        ]
        asked["toolConfig"] = {"tools": tools, **({"toolChoice": {"any": {}}} if ask.must_call else {})}
    return asked


def whole(answer: JsonObject) -> Heard:
    heard = Heard(finish=FINISH[answer["stopReason"]], ended=True)
    for block in answer["output"]["message"]["content"]:
        if "text" in block:
            heard.text += block["text"]
        elif "toolUse" in block:
            call = block["toolUse"]
            heard.calls.append(Call(call["toolUseId"], call["name"], call["input"]))
        elif "reasoningContent" in block:
            heard.reasoning += block["reasoningContent"]["reasoningText"]["text"]
    usage = answer["usage"]
    heard.usage = (usage["inputTokens"] + usage.get("cacheReadInputTokens", 0), usage["outputTokens"])
    return heard


def stream(data: bytes) -> Heard:
    heard = Heard()
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    tool: JsonObject | None = None
    pieces = ""
    for frame in buffer:
        headers = frame.headers
        event = json.loads(frame.payload)
        if headers[":message-type"] == "exception":
            heard.error = event["message"]
            continue
        match headers[":event-type"]:
            case "contentBlockStart" if "toolUse" in event["start"]:
                tool, pieces = event["start"]["toolUse"], ""
            case "contentBlockDelta":
                delta = event["delta"]
                heard.text += delta.get("text", "")
                heard.reasoning += delta.get("reasoningContent", {}).get("text", "")
                pieces += delta.get("toolUse", {}).get("input", "")
            case "contentBlockStop" if tool is not None:
                heard.calls.append(Call(tool["toolUseId"], tool["name"], json.loads(pieces or "{}")))
                tool = None
            case "messageStop":
                heard.finish = FINISH[event["stopReason"]]
            case "metadata":
                usage = event["usage"]
                heard.usage = (usage["inputTokens"] + usage.get("cacheReadInputTokens", 0), usage["outputTokens"])
                heard.ended = True
            case _:
                pass
    heard.unfinished_calls = tool is not None
    return heard


DIALECT = Dialect(
    face="bedrock",
    path=lambda ask: f"/model/{MODEL}/converse" + ("-stream" if ask.stream else ""),
    headers=lambda key: {
        "authorization": f"AWS4-HMAC-SHA256 Credential={key}/20261121/us-east-1/bedrock/aws4_request, "
        "SignedHeaders=host, Signature=00"
    },
    body=body,
    whole=whole,
    stream=stream,
    error=lambda body: str(body["message"]),
)
