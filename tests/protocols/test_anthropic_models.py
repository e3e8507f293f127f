"""Anthropic's list of models, server role."""

import json
from typing import Any

import pytest
from anthropic.types import ModelInfo
from pydantic import TypeAdapter

from gigamost.core.errors import GatewayError
from gigamost.core.face import Incoming, Listed
from gigamost.core.models import Capabilities, Model
from gigamost.protocols.anthropic_messages import FACE
from gigamost.protocols.anthropic_messages.models import encode, encode_list


def model(name: str, kind: Any = "chat", **able: Any) -> Listed:
    return Listed(name, Model(name, "gigachat", kind, capabilities=Capabilities(**able)))


LISTED = [model("a"), model("b"), model("embeddings", "embedder"), model("c"), model("d"), model("e")]


def page(**query: str) -> tuple[list[str], bool, str | None, str | None]:
    found = json.loads(encode_list(LISTED, Incoming(b"", {}, query, {})))
    return [each["id"] for each in found["data"]], found["has_more"], found["first_id"], found["last_id"]


@pytest.mark.parametrize(
    ("query", "names", "has_more"),
    [
        ({}, "abcde", False),
        ({"limit": "2"}, "ab", True),
        ({"limit": "2", "after_id": "b"}, "cd", True),
        ({"limit": "2", "after_id": "d"}, "e", False),
        ({"after_id": "e"}, "", False),
        ({"limit": "2", "before_id": "e"}, "cd", True),
        ({"limit": "2", "before_id": "c"}, "ab", False),
        ({"before_id": "a"}, "", False),
    ],
)
def test_pages(query: dict[str, str], names: str, has_more: bool) -> None:
    first, last = (names[0], names[-1]) if names else (None, None)
    assert page(**query) == (list(names), has_more, first, last)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "few"}, "limit"),
        ({"limit": "9" * 5000}, "limit"),
        ({"after_id": "z"}, "after_id"),
        ({"before_id": "embeddings"}, "before_id"),
    ],
)
def test_a_page_that_cannot_be(query: dict[str, str], param: str) -> None:
    with pytest.raises(GatewayError) as caught:
        page(**query)
    assert (caught.value.problem.status, caught.value.problem.param) == (400, param)


def test_a_model_says_what_it_can() -> None:
    told = TypeAdapter(ModelInfo).validate_json(
        encode(model("a", vision=True, reasoning=True, context=9, max_output=5))
    )
    assert (told.id, told.display_name, told.type, told.lifecycle) == ("a", "a", "model", "active")
    assert (told.max_input_tokens, told.max_tokens) == (9, 5)
    able = told.capabilities
    assert able is not None
    assert (able.image_input.supported, able.thinking.supported, able.effort.high.supported) == (True, True, True)
    assert TypeAdapter(ModelInfo).validate_json(encode(model("a"))).capabilities != able


def test_an_alias_shows_what_stands_behind_it() -> None:
    told = json.loads(encode(Listed("gigachat", Model("GigaChat-2-Max", "gigachat"))))
    assert (told["id"], told["display_name"]) == ("gigachat", "gigachat (GigaChat-2-Max)")


def test_every_path_stands_with_and_without_its_version() -> None:
    paths = {(endpoint.method, endpoint.path, endpoint.headers) for endpoint in FACE.endpoints}
    for method, path in (
        ("POST", "/messages"),
        ("POST", "/messages/count_tokens"),
        ("POST", "/messages/batches"),
        ("GET", "/messages/batches/{batch}/results"),
        ("POST", "/complete"),
    ):
        assert {(method, prefix + path, ()) for prefix in ("/v1", "", "/anthropic/v1")} <= paths
    assert ("GET", "/v1/models", ("anthropic-version",)) in paths
    assert [endpoint.path for endpoint in FACE.endpoints if endpoint.is_open] == ["/api/hello"]
