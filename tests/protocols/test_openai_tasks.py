"""OpenAI's API beside chat, server role: bodies in, bodies out. The official SDK's types are the judges."""

import base64
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, get_type_hints

import msgspec
import pytest
from openai.types import (
    CreateEmbeddingResponse,
    ImagesResponse,
    Model,
    ModerationCreateResponse,
    embedding_create_params,
    image_generate_params,
    moderation_create_params,
)
from pydantic import BaseModel

from gigamost.core.body import Rule
from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.face import Incoming, Listed
from gigamost.core.messages import Inline, Media
from gigamost.core.models import Model as CoreModel
from gigamost.core.tasks import EmbedReply, EmbedRequest, ImageRequest, ModerateRequest, Verdict
from gigamost.protocols.gigachat.models import model
from gigamost.protocols.openai_tasks import ENDPOINTS, embeddings, images, models, moderations

STAMP = Stamp("0123abc", 1768996176, "the-name-asked-for")
Judge = TypeVar("Judge", bound=BaseModel)


def incoming(body: Any) -> Incoming:
    return Incoming(body if isinstance(body, bytes) else msgspec.json.encode(body), {}, {}, {})


def judged(judge: type[Judge], body: bytes) -> Judge:
    """The answer as the official client sees it, every field of its type checked."""
    return judge.model_validate_json(body, strict=True)


def refusal(decode: Callable[[Incoming], object], body: Any) -> tuple[int, str | None]:
    with pytest.raises(GatewayError) as caught:
        decode(incoming(body))
    return caught.value.problem.status, caught.value.problem.param


@pytest.mark.parametrize(
    ("params", "rules"),
    [
        (embedding_create_params.EmbeddingCreateParams, embeddings.RULES),
        (image_generate_params.ImageGenerateParamsStreaming, images.RULES),
        (moderation_create_params.ModerationCreateParams, moderations.RULES),
    ],
)
def test_every_field_of_the_official_client_has_a_rule(params: type, rules: Mapping[str, Rule]) -> None:
    assert set(get_type_hints(params)) == set(rules)
    assert all(rule.note.endswith(".") for rule in rules.values() if rule.fate == "refused")


def test_every_path_stands_with_and_without_its_version() -> None:
    paths = {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    assert ("GET", "/v1/models/{model:path}") in paths
    assert ("DELETE", "/v1/files/{file}") in paths
    assert {(method, path.removeprefix("/v1")) for method, path in paths} < paths


def embed(**fields: Any) -> embeddings.Exchange:
    return embeddings.Exchange(incoming({"model": "Embeddings", "input": "a", **fields}))


def test_an_embedding_request() -> None:
    asked = embed(input=["a", "b"], dimensions=1024, user="u", input_type="query").request
    assert asked == EmbedRequest("Embeddings", ("a", "b"), 1024, "u", ("input_type",))
    assert embed().request == EmbedRequest("Embeddings", ("a",))


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input[1]"),
        ({"input": [1, 2, 3]}, "input[0]"),
        ({"input": [[1, 2], [3]]}, "input[0]"),
        ({"input": ["a"] * 2049}, "input"),
        ({"input": {"text": "a"}}, "input"),
        ({"model": ""}, "model"),
        ({"dimensions": 0}, "dimensions"),
        ({"encoding_format": "int8"}, "encoding_format"),
    ],
)
def test_an_embedding_request_that_cannot_be_served(fields: dict[str, Any], param: str) -> None:
    assert refusal(embeddings.Exchange, {"model": "Embeddings", "input": "a", **fields}) == (400, param)


def test_vectors_as_numbers() -> None:
    answer = judged(CreateEmbeddingResponse, embed().encode(EmbedReply(((0.5, -2.5), (1.0, 0.0)), 14), STAMP))
    assert [(item.index, item.embedding) for item in answer.data] == [(0, [0.5, -2.5]), (1, [1.0, 0.0])]
    assert (answer.model, answer.object) == ("the-name-asked-for", "list")
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (14, 14)


def test_vectors_as_base64_are_little_endian_floats() -> None:
    body = embed(encoding_format="base64").encode(EmbedReply(((0.5, -2.5),), 7), STAMP)
    text = msgspec.json.decode(body)["data"][0]["embedding"]
    assert struct.unpack("<2f", base64.b64decode(text)) == (0.5, -2.5)
    assert base64.b64decode(text)[:4] == b"\x00\x00\x00\x3f"  # IEEE 754: 0.5


def listed(name: str, target: str, kind: Any = "chat") -> Listed:
    return Listed(name, model(target, "gigachat", kind))


def test_a_list_of_models() -> None:
    alias = listed("text-embedding-ada-002", "Embeddings", "embedder")
    said = msgspec.json.decode(
        models.encode_list((listed("GigaChat-2-Max", "GigaChat-2-Max"), alias), Incoming(b"", {}, {}, {}))
    )
    assert said["object"] == "list"
    chat, embedder = said["data"]
    assert chat["context_window"] == chat["max_model_len"] == 131_072
    assert chat["capabilities"] == {"vision": True, "audio": True, "functions": True, "reasoning": False}
    assert (embedder["type"], embedder["root"], embedder["dimensions"]) == ("embedder", "Embeddings", 1024)
    assert "capabilities" not in embedder


def test_one_model() -> None:
    said = judged(Model, models.encode(listed("gpt-4o", "GigaChat-2-Max")))
    assert (said.id, said.object, said.created, said.owned_by) == ("gpt-4o", "model", 0, "salutedevices")


def test_a_model_without_a_prompt_has_no_context() -> None:
    said = msgspec.json.decode(models.encode(Listed("GigaFilter", CoreModel("GigaFilter", "gigachat", "filter"))))
    assert "context_window" not in said


def draw(**fields: Any) -> images.Exchange:
    return images.Exchange(incoming({"prompt": "a cat", **fields}))


JPEG = Media("image", Inline(b"\xff\xd8\xff"), "image/jpeg")


def told(exchange: images.Exchange, pictures: Sequence[Media] = (JPEG,)) -> ImagesResponse:
    return judged(ImagesResponse, exchange.encode(pictures, STAMP))


def test_an_image_request() -> None:
    exchange = draw(model="dall-e-3", n=1, size="1024x1024", quality="auto", style="vivid", user="u", stream=False)
    assert exchange.request == ImageRequest("dall-e-3", "a cat", "u", ("size", "style"))
    assert draw().request == ImageRequest("", "a cat")
    assert draw(user="u", safety_identifier="s").request.user == "s"


def test_a_picture_as_base64() -> None:
    answer = told(draw(response_format="b64_json"))
    assert answer.created == 1768996176
    assert answer.output_format == "jpeg"
    assert answer.data is not None
    assert [base64.b64decode(image.b64_json or "") for image in answer.data] == [b"\xff\xd8\xff"]


def test_a_picture_by_url_is_a_data_url_and_listed() -> None:
    exchange = draw(response_format="url")
    assert exchange.request.ignored == ("response_format",)
    data = told(exchange).data
    assert data is not None
    assert (data[0].url, data[0].b64_json) == ("data:image/jpeg;base64,/9j/", None)


def test_another_picture_format_is_listed() -> None:
    exchange = draw(output_format="png")
    assert exchange.request.ignored == ("output_format",)
    assert told(exchange).output_format == "jpeg"
    assert draw(output_format="jpeg").request.ignored == ()


def test_the_format_of_a_picture_that_openai_has_no_word_for_is_not_said() -> None:
    assert told(draw(), [Media("image", Inline(b"BM"), "image/bmp")]).output_format is None


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": " "}, "prompt"),
        ({"prompt": "x" * 32_001}, "prompt"),
        ({"n": 2}, "n"),
        ({"n": 0}, "n"),
        ({"stream": True}, "stream"),
        ({"output_format": "svg"}, "output_format"),
        ({"output_format": "gif"}, "output_format"),
        ({"response_format": "file"}, "response_format"),
    ],
)
def test_an_image_request_that_cannot_be_served(fields: dict[str, Any], param: str) -> None:
    assert refusal(images.Exchange, {"prompt": "a cat", **fields}) == (400, param)


def moderate(**fields: Any) -> moderations.Exchange:
    return moderations.Exchange(incoming(fields))


def test_a_moderation_request() -> None:
    assert moderate(input="a").request == ModerateRequest("omni-moderation-latest", ("a",))
    assert moderate(input=["a", ""], model="GigaFilter").request == ModerateRequest("GigaFilter", ("a", ""))


def test_the_parts_of_a_moderation_are_one_input() -> None:
    assert moderate(input=[{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]).request.inputs == ("a\nb",)


def test_only_what_is_known_is_said_of_a_text() -> None:
    body = moderate(input=["a", "b"]).encode((Verdict(True), Verdict(False)), STAMP)
    answer = judged(ModerationCreateResponse, body)
    assert (answer.id, answer.model) == ("modr-0123abc", "the-name-asked-for")
    assert [result.flagged for result in answer.results] == [True, False]
    said = answer.results[0]
    assert not any(said.categories.model_dump().values())
    assert not any(said.category_scores.model_dump().values())
    assert not any(said.category_applied_input_types.model_dump().values())


@pytest.mark.parametrize(
    ("value", "param"),
    [
        ([], "input"),
        ([{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}], "input[0]"),
        (["a", {"type": "text", "text": "b"}], "input"),
        (7, "input"),
    ],
)
def test_a_moderation_request_that_cannot_be_served(value: Any, param: str) -> None:
    assert refusal(moderations.Exchange, {"input": value}) == (400, param)


def test_a_body_that_is_no_json_is_named() -> None:
    with pytest.raises(GatewayError) as caught:
        embeddings.Exchange(incoming(b"{"))
    assert caught.value.problem.kind is Kind.INVALID_REQUEST
