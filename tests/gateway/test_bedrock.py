"""Bedrock's Converse by boto3: every feature over a real socket, streams read by botocore's own parser."""

import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3  # type: ignore[import-untyped]  # AWS gives it no types
import pytest
from botocore.config import Config  # type: ignore[import-untyped]  # AWS gives it no types
from botocore.exceptions import ClientError, EventStreamError  # type: ignore[import-untyped]  # AWS gives it no types

from gigamost.framing.aws_event_stream import Reader
from tests.gateway.conftest import KEY, World

MODEL = "GigaChat-2-Max"
SCHEMA: Any = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "enum": [1, 3]}},
    "required": ["city", "days"],
}
WEATHER: Any = {"toolSpec": {"name": "weather", "description": "Weather in a city", "inputSchema": {"json": SCHEMA}}}
TIME: Any = {"toolSpec": {"name": "time", "inputSchema": {"json": {"type": "object", "properties": {}}}}}
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def made(world: World, service: str = "bedrock-runtime", key: str = KEY) -> Any:
    return boto3.client(
        service,
        region_name="eu-central-1",
        endpoint_url=world.base,
        aws_access_key_id=key,
        aws_secret_access_key="anything",
        config=Config(retries={"max_attempts": 0}),
    )


@pytest.fixture
def client(world: World) -> Iterator[Any]:
    client = made(world)
    yield client
    client.close()


async def converse(client: Any, *content: Any, model: str = MODEL, **fields: Any) -> Any:
    messages = fields.pop("messages", [user(*content)])
    return await asyncio.to_thread(client.converse, modelId=model, messages=messages, **fields)


async def events(client: Any, *content: Any, model: str = MODEL, **fields: Any) -> list[Any]:
    messages = fields.pop("messages", [user(*content)])

    def read() -> list[Any]:
        return list(client.converse_stream(modelId=model, messages=messages, **fields)["stream"])

    return await asyncio.to_thread(read)


def user(*content: Any) -> Any:
    return {"role": "user", "content": [{"text": part} if isinstance(part, str) else part for part in content]}


def text_of(told: list[Any]) -> str:
    deltas = [event["contentBlockDelta"]["delta"] for event in told if "contentBlockDelta" in event]
    return "".join(delta.get("text", "") for delta in deltas)


async def test_an_answer(client: Any) -> None:
    answer = await converse(client, "Say 'Hello' and nothing else")
    assert answer["output"] == {"message": {"role": "assistant", "content": [{"text": "Hello."}]}}
    assert answer["stopReason"] == "end_turn"
    assert answer["usage"] == {
        "inputTokens": 17,
        "outputTokens": 3,
        "totalTokens": 20,
        "cacheReadInputTokens": 0,
        "cacheWriteInputTokens": 0,
    }
    assert answer["metrics"]["latencyMs"] >= 0
    told = answer["ResponseMetadata"]
    assert told["HTTPHeaders"]["x-gigamost-upstream"] == "account-0"
    assert told["RequestId"] == told["HTTPHeaders"]["x-request-id"]


async def test_a_stream(client: Any) -> None:
    told = await events(client, "[[emulator: long=40]] go")
    kinds = [next(iter(event)) for event in told]
    assert kinds == [
        "messageStart",
        *["contentBlockDelta"] * (len(kinds) - 4),
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert told[0] == {"messageStart": {"role": "assistant"}}
    assert len(text_of(told).split()) == 40
    assert told[-2] == {"messageStop": {"stopReason": "end_turn"}}
    usage = told[-1]["metadata"]["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]


async def test_a_system_text_and_unicode(client: Any, world: World) -> None:
    await converse(client, "Привет 👋", system=[{"text": "Отвечай кратко"}, {"cachePoint": {"type": "default"}}])
    assert world.sent["messages"] == [
        {"role": "system", "content": "Отвечай кратко"},
        {"role": "user", "content": "Привет 👋"},
    ]


async def test_sampling(client: Any, world: World) -> None:
    await converse(
        client,
        "hi",
        inferenceConfig={"temperature": 0.5, "topP": 0.9, "maxTokens": 77},
        additionalModelRequestFields={"profanity_check": False, "repetition_penalty": 1.5},
    )
    sent = world.sent
    assert (sent["temperature"], sent["top_p"], sent["max_tokens"]) == (0.5, 0.9, 77)
    assert (sent["profanity_check"], sent["repetition_penalty"]) == (False, 1.5)


async def test_what_is_ignored_is_listed(client: Any) -> None:
    answer = await converse(
        client,
        "hi",
        inferenceConfig={"maxTokens": 50_000},
        additionalModelRequestFields={"top_k": 5, "thinking": {"type": "enabled", "budget_tokens": 2000}},
        guardrailConfig={"guardrailIdentifier": "abc", "guardrailVersion": "1"},
        requestMetadata={"team": "a"},
        performanceConfig={"latency": "standard"},
    )
    listed = answer["ResponseMetadata"]["HTTPHeaders"]["x-gigamost-ignored"].split(", ")
    assert set(listed) == {
        "guardrailConfig",
        "requestMetadata",
        "additionalModelRequestFields.top_k",
        "additionalModelRequestFields.thinking",
        "inferenceConfig.maxTokens",
    }


@pytest.mark.parametrize("stream", [False, True])
async def test_a_tool_is_called_and_its_result_used(client: Any, world: World, stream: bool) -> None:
    config = {"tools": [WEATHER, TIME], "toolChoice": {"auto": {}}}
    asked = user('What is the weather in "Omsk" for 3 days?')
    if stream:
        told = await events(client, messages=[asked], toolConfig=config)
        start = next(event["contentBlockStart"] for event in told if "contentBlockStart" in event)
        call = dict(start["start"]["toolUse"])
        pieces = [
            event["contentBlockDelta"]["delta"]["toolUse"]["input"]
            for event in told
            if "contentBlockDelta" in event and "toolUse" in event["contentBlockDelta"]["delta"]
        ]
        call["input"] = json.loads("".join(pieces))
        assert told[-2] == {"messageStop": {"stopReason": "tool_use"}}
        said = {"role": "assistant", "content": [{"toolUse": call}]}
    else:
        answer = await converse(client, messages=[asked], toolConfig=config)
        assert answer["stopReason"] == "tool_use"
        said = answer["output"]["message"]
        (call,) = [block["toolUse"] for block in said["content"] if "toolUse" in block]
    assert call["name"] == "weather"
    assert call["toolUseId"].isalnum()
    assert isinstance(call["input"]["days"], int)
    result = {"toolResult": {"toolUseId": call["toolUseId"], "content": [{"json": {"sky": "snow"}}]}}
    again = await converse(client, messages=[asked, said, user(result)], toolConfig=config)
    assert "snow" in again["output"]["message"]["content"][0]["text"]
    assert [message["role"] for message in world.sent["messages"]] == ["user", "assistant", "function"]
    assert "functions_state_id" in world.sent["messages"][1]


async def test_parallel_calls_keep_order_ids_and_content(client: Any, world: World) -> None:
    cities = ("Omsk", "Tomsk", "Perm")
    calls = [
        {"toolUse": {"toolUseId": f"tooluse_{city}", "name": "weather", "input": {"city": city}}} for city in cities
    ]
    results = [
        {"toolResult": {"toolUseId": f"tooluse_{city}", "content": [{"text": city}]}} for city in reversed(cities)
    ]
    messages = [user("Weather?"), {"role": "assistant", "content": calls}, user(*results, "All of them.")]
    await converse(client, messages=messages, toolConfig={"tools": [WEATHER]})
    pairs = world.sent["messages"][1:7]
    assert [pair["function_call"]["arguments"]["city"] for pair in pairs[::2]] == list(cities)
    assert [json.loads(pair["content"])["result"] for pair in pairs[1::2]] == list(cities)
    assert world.sent["messages"][7] == {"role": "user", "content": "All of them."}


async def test_a_result_that_is_an_error(client: Any, world: World) -> None:
    call = {"toolUse": {"toolUseId": "a1", "name": "time", "input": {}}}
    result = {"toolResult": {"toolUseId": "a1", "content": [{"text": "no clock"}], "status": "error"}}
    history = [user("x"), {"role": "assistant", "content": [call]}, user(result)]
    await converse(client, messages=history, toolConfig={"tools": [TIME]})
    assert "error" in json.loads(world.sent["messages"][-1]["content"])


async def test_demanded_tools(client: Any, world: World) -> None:
    choices: list[Any] = [{"any": {}}, {"tool": {"name": "time"}}]
    for choice in choices:
        answer = await converse(client, "hello", toolConfig={"tools": [TIME], "toolChoice": choice})
        assert answer["output"]["message"]["content"][-1]["toolUse"]["name"] == "time"
        assert world.sent["function_call"] == {"name": "time"}


async def test_a_picture_and_a_document(client: Any, world: World) -> None:
    picture = {"image": {"format": "png", "source": {"bytes": PIXEL}}}
    document = {"document": {"format": "txt", "name": "notes", "source": {"bytes": "Запись".encode()}}}
    text = {"document": {"format": "md", "name": "readme", "source": {"text": "# Title"}, "context": "A manual"}}
    await converse(client, "Look", picture, document, text)
    attached = [file for message in world.sent["messages"] for file in message.get("attachments", ())]
    assert len(attached) == 2
    assert "[Document readme (A manual)]\n# Title" in world.sent["messages"][-1]["content"]


async def test_structured_output(client: Any) -> None:
    structure = {"jsonSchema": {"schema": json.dumps(SCHEMA), "name": "place"}}
    config = {"textFormat": {"type": "json_schema", "structure": structure}}
    answer = await converse(client, "Omsk, 3 days", outputConfig=config)
    read = json.loads(answer["output"]["message"]["content"][0]["text"])
    assert isinstance(read["city"], str)
    assert read["days"] in (1, 3)
    told = await events(client, "Omsk, 3 days", outputConfig=config)
    assert json.loads(text_of(told))["days"] in (1, 3)
    assert told[-2] == {"messageStop": {"stopReason": "end_turn"}}


@pytest.mark.parametrize("path", ["/stop_sequence", "/delta/stop_sequence"])
async def test_stop_sequences_are_named(client: Any, path: str) -> None:
    fields: Any = {
        "inferenceConfig": {"stopSequences": ["word7", "never"]},
        "additionalModelResponseFieldPaths": [path],
    }
    shown: Any = {"stop_sequence": "word7"}
    shown = {"delta": shown} if "delta" in path else shown
    answer = await converse(client, "[[emulator: long=50]] go", **fields)
    assert answer["output"]["message"]["content"][0]["text"].split() == [f"word{n}" for n in range(1, 7)]
    assert (answer["stopReason"], answer["additionalModelResponseFields"]) == ("stop_sequence", shown)
    told = await events(client, "[[emulator: long=50]] go", **fields)
    assert len(text_of(told).split()) == 6
    assert told[-2] == {"messageStop": {"stopReason": "stop_sequence", "additionalModelResponseFields": shown}}


@pytest.mark.parametrize(("directive", "reason"), [("blacklist", "content_filtered"), ("length", "max_tokens")])
async def test_other_ends(client: Any, world: World, directive: str, reason: str) -> None:
    world.script(directive, directive)
    assert (await converse(client, "x"))["stopReason"] == reason
    assert (await events(client, "x"))[-2] == {"messageStop": {"stopReason": reason}}


@pytest.mark.parametrize(
    "model",
    [
        "gpt-4o",
        "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/gigachat-max",
        "arn:aws:bedrock:eu-central-1::foundation-model/gigachat-pro",
        "anthropic.claude-sonnet-4-20250514-v1:0",
        "eu.anthropic.claude-sonnet-4-20250514-v1:0",
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    ],
)
async def test_names_of_models(client: Any, model: str) -> None:
    assert (await converse(client, "Say 'Hello' and nothing else", model=model))["stopReason"] == "end_turn"


async def test_errors_have_the_vendors_names(client: Any, world: World) -> None:
    async def refused(status: int, name: str, **fields: Any) -> str:
        with pytest.raises(ClientError) as caught:
            await converse(client, "x", **fields)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
        assert caught.value.response["Error"]["Code"] == name
        return str(caught.value.response["Error"]["Message"])

    assert "does not exist" in await refused(404, "ResourceNotFoundException", model="nonsense.model-v1")
    assert "messages" in await refused(400, "ValidationException", messages=[])
    await refused(400, "ValidationException", promptVariables={"a": {"text": "b"}})
    s3 = {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/key"}}}}
    assert "S3" in await refused(400, "ValidationException", messages=[user(s3)])
    world.script("status=429", "status=429", "status=429")
    await refused(429, "ThrottlingException")
    world.script("status=504")
    await refused(504, "ModelTimeoutException")
    world.script("status=413; message=Tokens limit exceeded")
    assert (await refused(400, "ValidationException")).startswith("Input is too long for requested model.")
    other = made(world, key="AKIAUNKNOWN")
    with pytest.raises(ClientError) as caught:
        await converse(other, "x")
    assert caught.value.response["Error"]["Code"] == "UnrecognizedClientException"
    other.close()


async def test_a_cut_stream_is_an_exception_frame_after_the_closed_block(client: Any, world: World) -> None:
    world.script("long=200; cut=400")
    told: list[Any] = []

    def read() -> None:
        with closing(client.converse_stream(modelId=MODEL, messages=[user("x")])["stream"]) as stream:
            for event in stream:
                told.append(event)  # noqa: PERF402 - what came before the error is wanted

    with pytest.raises(EventStreamError, match="modelStreamErrorException"):
        await asyncio.to_thread(read)
    assert "contentBlockStop" in told[-1]
    assert not any("messageStop" in event for event in told)


async def test_tokens_are_counted(client: Any) -> None:
    given = {"converse": {"messages": [user("Сколько токенов?")], "system": [{"text": "Be brief"}]}}
    counted = await asyncio.to_thread(client.count_tokens, modelId=MODEL, input=given)
    assert counted["inputTokens"] > 5
    with pytest.raises(ClientError, match="invokeModel"):
        await asyncio.to_thread(client.count_tokens, modelId=MODEL, input={"invokeModel": {"body": b"{}"}})


async def test_invoke_is_refused_by_name(client: Any) -> None:
    for invoke in (client.invoke_model, client.invoke_model_with_response_stream):
        with pytest.raises(ClientError, match="use Converse") as caught:
            await asyncio.to_thread(invoke, modelId=MODEL, body=b"{}")
        assert caught.value.response["Error"]["Code"] == "ValidationException"


async def test_the_list_of_models(world: World) -> None:
    client = made(world, "bedrock")
    listed = (await asyncio.to_thread(client.list_foundation_models))["modelSummaries"]
    by_id = {model["modelId"]: model for model in listed}
    assert by_id[MODEL]["inputModalities"] == ["TEXT", "IMAGE"]
    assert by_id["Embeddings"]["outputModalities"] == ["EMBEDDING"]
    embedders = await asyncio.to_thread(client.list_foundation_models, byOutputModality="EMBEDDING")
    assert {model["outputModalities"][0] for model in embedders["modelSummaries"]} == {"EMBEDDING"}
    one = await asyncio.to_thread(client.get_foundation_model, modelIdentifier=MODEL)
    assert one["modelDetails"]["modelId"] == MODEL
    client.close()


async def test_the_frames_on_the_wire(world: World) -> None:
    """What botocore hides: the headers of each message, and the type of the body."""
    async with world.client() as plain:
        response = await plain._client.post(
            f"{world.base}/model/{MODEL}/converse-stream",
            headers={"authorization": f"Bearer {KEY}"},
            json={"messages": [user("Say 'Hello' and nothing else")]},
        )
    assert response.headers["content-type"] == "application/vnd.amazon.eventstream"
    read = Reader().feed(response.content)
    assert all(message.headers[":message-type"] == "event" for message in read)
    assert all(message.headers[":content-type"] == "application/json" for message in read)
    assert [message.headers[":event-type"] for message in read][-3:] == ["contentBlockStop", "messageStop", "metadata"]
