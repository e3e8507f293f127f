"""GigaChat's plain calls, client role: the recorded and documented bodies, and answers that are none."""

from collections.abc import Callable

import msgspec
import pytest

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.messages import FileRef, Media, Text
from gigamost.protocols.gigachat import tasks

PICTURE = "b2f2cdf8-4ea1-4a60-8ae2-a2b1c0d7c9a3"


def test_texts_are_a_list() -> None:
    body = tasks.encode_texts("Embeddings", ["First text", "вто\ud800рой"])
    assert body.decode() == '{"model":"Embeddings","input":["First text","вто�рой"]}'


def test_vectors_come_by_index_with_usage_at_each() -> None:
    body = (
        b'{"object":"list","model":"Embeddings","data":['
        b'{"object":"embedding","index":1,"embedding":[-2.5,1],"usage":{"prompt_tokens":8}},'
        b'{"object":"embedding","index":0,"embedding":[0.5,0],"usage":{"prompt_tokens":7}}]}'
    )
    assert tasks.decode_embeddings(body, 2) == tasks.Embedded(((0.5, 0.0), (-2.5, 1.0)), (7, 8))


def test_counts_are_a_bare_array() -> None:
    body = b'[{"object":"tokens","tokens":2,"characters":10},{"object":"tokens","tokens":3,"characters":11}]'
    assert tasks.decode_count(body, 2) == (2, 3)


def test_a_filter_gets_the_text_as_a_message() -> None:
    assert msgspec.json.decode(tasks.encode_filter("GigaFilter", "text")) == {
        "model": "GigaFilter",
        "settings": {"neuro": True, "blacklist": True, "whitelist": True, "unnormalized_history": False},
        "messages": [{"role": "user", "content": "text"}],
    }


@pytest.mark.parametrize("profane", [True, False])
def test_a_filter_says_one_thing(profane: bool) -> None:
    body = msgspec.json.encode({"is_profane": profane, "usage": {"filter_tokens": 35}})
    assert tasks.decode_filter(body) is profane


def test_a_picture_is_asked_for_by_the_name_of_the_built_in() -> None:
    said = msgspec.json.decode(tasks.encode_picture("GigaChat-2-Max", "a cat in a hat"))
    assert said["model"] == "GigaChat-2-Max"
    assert said["functions"] == [{"name": "text2image"}]
    assert said["function_call"] == "auto"
    assert [message["role"] for message in said["messages"]] == ["system", "user"]
    assert said["messages"][1]["content"].endswith("a cat in a hat")


def test_a_picture_is_an_id_in_the_text() -> None:
    message = {
        "content": f'<img src="{PICTURE}" fuse="true"/> A cat.',
        "role": "assistant",
        "functions_state_id": "0199e210-2f13-744c-8fe5-c9a19fe27db7",
    }
    body = {
        "choices": [{"message": message, "index": 0, "finish_reason": "stop"}],
        "created": 1760434335,
        "model": "GigaChat-2-Max:2.0.28.2",
        "object": "chat.completion",
        "usage": {"prompt_tokens": 17, "completion_tokens": 3, "total_tokens": 20, "precached_prompt_tokens": 0},
    }
    reply = tasks.decode_picture(msgspec.json.encode(body))
    assert reply.parts == (Media("image", FileRef(PICTURE)), Text(" A cat."))


DECODERS: list[Callable[[bytes], object]] = [
    lambda body: tasks.decode_embeddings(body, 1),
    lambda body: tasks.decode_count(body, 1),
    tasks.decode_filter,
    tasks.decode_picture,
]


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[]", b'{"data":[]}', b'"\xff"', b"null"])
def test_an_answer_that_is_none(decode: Callable[[bytes], object], body: bytes) -> None:
    with pytest.raises(GatewayError) as caught:
        decode(body)
    assert caught.value.problem.kind is Kind.UPSTREAM_FAILED


@pytest.mark.parametrize("decode", DECODERS)
def test_an_error_inside_a_200_keeps_its_meaning(decode: Callable[[bytes], object]) -> None:
    with pytest.raises(GatewayError) as caught:
        decode(b'{"status":429,"message":"Too many requests"}')
    assert caught.value.problem.kind is Kind.RATE_LIMITED


@pytest.mark.parametrize("indexes", [[0], [0, 0], [1, 2], [0, 1, 2]])
def test_vectors_that_do_not_belong_to_the_texts_are_no_answer(indexes: list[int]) -> None:
    body = msgspec.json.encode({"data": [{"index": index, "embedding": [0.5]} for index in indexes]})
    with pytest.raises(GatewayError) as caught:
        tasks.decode_embeddings(body, 2)
    assert caught.value.problem.kind is Kind.UPSTREAM_FAILED
