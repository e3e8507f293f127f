"""Gemini beside chat: tokens, embeddings, models, files."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from google.genai import types

from gigamost.core.codec import Stamp
from gigamost.core.errors import GatewayError, Problem
from gigamost.core.face import Incoming, Listed
from gigamost.core.messages import Message, Text
from gigamost.core.models import Capabilities, Model
from gigamost.core.tasks import EmbedReply, StoredFile
from gigamost.protocols.gemini import counting, embeddings, models, uploads
from gigamost.protocols.gemini.files import Files, encode_deleted

STAMP = Stamp("abc", 1700000000, "m")


def incoming(body: Any = b"", query: Any = None, **headers: str) -> Incoming:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Incoming(data, {"model": "m"}, query or {}, named)


def refusal(serve: Any, *args: Any, **kwargs: Any) -> Problem:
    with pytest.raises(GatewayError) as caught:
        serve(incoming(*args, **kwargs))
    assert caught.value.problem.status == 400
    return caught.value.problem


# ---- tokens


@pytest.mark.parametrize("name", ["generateContentRequest", "generate_content_request"])
def test_a_whole_request_is_counted(name: str) -> None:
    inner = {"model": "models/m", "contents": "hi", "system_instruction": "be kind", "tools": [{"googleSearch": {}}]}
    asked = counting.Exchange(incoming({name: inner})).request
    assert asked.messages == (Message("system", (Text("be kind"),)), Message("user", (Text("hi"),)))
    assert counting.Exchange(incoming({"contents": "hi"})).request.messages == asked.messages[1:]
    assert counting.Exchange(incoming({"contents": "hi"})).encode(7) == b'{"totalTokens":7}'


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "contents"),
        ({"generateContentRequest": {}}, "generateContentRequest.contents"),
        ({"generateContentRequest": 5}, "generateContentRequest"),
        ({"generate_content_request": {"contents": [{"role": 5}]}}, "generate_content_request.contents[0].role"),
        (b"[]", None),
        (b"\xff", None),
    ],
)
def test_what_cannot_be_counted(body: Any, param: str | None) -> None:
    problem = refusal(counting.Exchange, body)
    assert problem.param == param
    assert problem.message.startswith(param or "The request body")


# ---- embeddings

REPLY = EmbedReply(((0.5, 1.0), (0.25, 0.0)), 9)


def test_one_content() -> None:
    content = {"parts": [{"text": "a"}, {"text": "b"}]}
    exchange = embeddings.Exchange(
        incoming({"content": content, "output_dimensionality": 1024, "taskType": "CLUSTERING"})
    )
    request = exchange.request
    assert (request.model, request.inputs, request.dimensions) == ("m", ("a\nb",), 1024)
    assert request.ignored == ("taskType",)
    assert json.loads(exchange.encode(EmbedReply(((0.5, 1.0),), 4), STAMP)) == {
        "embedding": {"values": [0.5, 1.0]},
        "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 4},
    }


def test_what_vertex_says_of_one_content() -> None:
    config = {"taskType": "CLUSTERING", "outputDimensionality": 1024, "autoTruncate": True}
    request = embeddings.Exchange(incoming({"content": "a", "embedContentConfig": config})).request
    assert (request.inputs, request.dimensions) == (("a",), 1024)
    assert request.ignored == ("embedContentConfig.taskType", "embedContentConfig.autoTruncate")


def test_a_batch() -> None:
    requests = [
        {"model": "models/m", "content": {"parts": [{"text": text}]}, "task_type": "CLUSTERING", "title": ""}
        for text in "ab"
    ]
    exchange = embeddings.BatchExchange(incoming({"requests": requests}))
    assert (exchange.request.inputs, exchange.request.dimensions) == (("a", "b"), None)
    assert exchange.request.ignored == ("requests.task_type",)
    assert json.loads(exchange.encode(REPLY, STAMP))["embeddings"] == [{"values": [0.5, 1.0]}, {"values": [0.25, 0.0]}]


def test_vertex_predictions() -> None:
    body = {
        "instances": [{"content": "a", "task_type": "RETRIEVAL_QUERY"}, {"content": "b"}],
        "parameters": {"outputDimensionality": 1024, "autoTruncate": False},
    }
    exchange = embeddings.PredictExchange(incoming(body))
    assert (exchange.request.inputs, exchange.request.dimensions) == (("a", "b"), 1024)
    assert exchange.request.ignored == ("instances.task_type",)
    said = json.loads(exchange.encode(REPLY, STAMP))
    assert [each["embeddings"]["values"] for each in said["predictions"]] == [[0.5, 1.0], [0.25, 0.0]]


@pytest.mark.parametrize(
    ("serve", "body", "param"),
    [
        (embeddings.Exchange, {}, "content"),
        (embeddings.Exchange, {"content": {"parts": []}}, "content"),
        (embeddings.Exchange, {"content": {"parts": [{"inlineData": {}}]}}, "content.parts[0]"),
        (embeddings.Exchange, {"content": "a", "outputDimensionality": 0}, "outputDimensionality"),
        (embeddings.Exchange, {"content": 5}, "content"),
        (embeddings.BatchExchange, {}, "requests"),
        (embeddings.BatchExchange, {"requests": [{"content": "a"}, {"content": ""}]}, "requests[1].content"),
        (embeddings.BatchExchange, {"requests": [{"content": "a"}, {}]}, "requests[1].content"),
        (
            embeddings.BatchExchange,
            {"requests": [{"content": "a", "outputDimensionality": at} for at in (1, 2)]},
            "requests[0].outputDimensionality",
        ),
        (embeddings.BatchExchange, {"requests": [{"content": "a"}] * 2049}, "requests"),
        (embeddings.PredictExchange, {"instances": []}, "instances"),
        (embeddings.PredictExchange, {"instances": [{"prompt": "a cat"}]}, "instances[0].content"),
    ],
)
def test_what_cannot_be_embedded_is_a_400(serve: Any, body: Any, param: str) -> None:
    problem = refusal(serve, body)
    assert problem.param == param
    assert param.rpartition(".")[2] in problem.message


@pytest.mark.parametrize("serve", [embeddings.Exchange, embeddings.BatchExchange, embeddings.PredictExchange])
@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"output_dimensionality":'])
def test_what_is_no_object_is_a_400(serve: Any, body: bytes) -> None:
    assert "request body" in refusal(serve, body).message


# ---- models

MODELS = [
    Listed(name, Model("GigaChat-2-Max", "gigachat", capabilities=Capabilities(reasoning=True)))
    for name in ("GigaChat-2-Max", "gigachat", "other")
]


def test_a_model_as_the_sdk_sees_it() -> None:
    said = json.loads(models.encode(MODELS[1]))
    assert said == {
        "name": "models/gigachat",
        "baseModelId": "GigaChat-2-Max",
        "version": "GigaChat-2-Max",
        "displayName": "gigachat",
        "description": "GigaChat-2-Max of salutedevices",
        "supportedGenerationMethods": ["generateContent", "countTokens"],
        "inputTokenLimit": 131072,
        "outputTokenLimit": 8192,
        "maxTemperature": 2.0,
        "thinking": True,
    }
    embedder = json.loads(models.encode(Listed("e", Model("e", "gigachat", "embedder"))))
    assert embedder["supportedGenerationMethods"] == ["embedContent", "batchEmbedContents"]
    assert "outputTokenLimit" not in embedder


def test_pages_of_models() -> None:
    first = json.loads(models.encode_list(MODELS, incoming(query={"pageSize": "2"})))
    assert [model["displayName"] for model in first["models"]] == ["GigaChat-2-Max", "gigachat"]
    last = json.loads(
        models.encode_list(MODELS, incoming(query={"page_size": "2", "pageToken": first["nextPageToken"]}))
    )
    assert [model["displayName"] for model in last["models"]] == ["other"]
    assert "nextPageToken" not in last
    published = json.loads(models.encode_published(MODELS, incoming()))
    assert published["publisherModels"][0]["name"] == "publishers/google/models/GigaChat-2-Max"


@pytest.mark.parametrize("query", [{"pageSize": "-1"}, {"pageToken": "x"}, {"page_token": "²"}, {"pageSize": "1" * 99}])
def test_a_page_that_cannot_be(query: dict[str, str]) -> None:
    assert refusal(lambda asked: models.encode_list(MODELS, asked), query=query).param in query


# ---- files

NOTES = StoredFile("file-abc", "заметки", 5, 1700000000, "user_data", "text/plain")
FILES = Files("/v1beta")


def test_a_file_as_the_sdk_sees_it() -> None:
    asked = incoming(host="gateway:8090")
    said = json.loads(FILES.encode(NOTES, asked))
    assert said == {
        "name": "files/file-abc",
        "displayName": "заметки",
        "mimeType": "text/plain",
        "sizeBytes": "5",
        "createTime": "2023-11-14T22:13:20Z",
        "updateTime": "2023-11-14T22:13:20Z",
        "uri": "http://gateway:8090/v1beta/files/file-abc",
        "state": "ACTIVE",
        "source": "UPLOADED",
    }
    types.File.model_validate(said)
    assert json.loads(FILES.encode_uploaded(NOTES, asked)) == {"file": said}
    assert encode_deleted("file-abc") == b"{}"


def test_pages_of_files_newest_first() -> None:
    stored = [msgspec.structs.replace(NOTES, id=f"file-{at:02}", created=at) for at in range(12)]
    first = json.loads(FILES.encode_list(stored, incoming()))
    assert [file["name"] for file in first["files"]] == [f"files/file-{at:02}" for at in range(11, 1, -1)]
    last = json.loads(FILES.encode_list(stored, incoming(query={"pageToken": first["nextPageToken"]})))
    assert [file["name"] for file in last["files"]] == ["files/file-01", "files/file-00"]


def start(body: Any, query: Any = None, **headers: str) -> tuple[str, dict[str, str]]:
    """The address of the second step, and the query in it."""
    said = dict(uploads.Start("/upload/v1beta/files").headers(incoming(body, query, host="gateway", **headers)))
    assert said["X-Goog-Upload-Status"] == "active"
    url = said["X-Goog-Upload-URL"]
    assert url.isascii()
    return url.partition("?")[0], {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_an_upload_in_two_steps() -> None:
    headers = {
        "x_goog_upload_header_content_length": "3",
        "x_goog_upload_header_content_type": "image/png",
        "x_goog_upload_file_name": "кот.png".encode().decode("latin-1"),
    }
    url, query = start({"file": {"display_name": "Мой кот & я", "name": "files/cat"}}, x_goog_api_key="gm-1", **headers)
    assert url == "http://gateway/upload/v1beta/files/resumable"
    expected = {"name": "Мой кот & я", "mime": "image/png", "size": "3", "ignored": "file.name", "key": "gm-1"}
    assert query == expected
    file = uploads.decode_bytes(incoming(b"png", query, x_goog_upload_command="upload, finalize"))
    assert (file.name, file.data, file.mime, file.purpose) == ("Мой кот & я", b"png", "image/png", "user_data")
    assert file.ignored == ("file.name",)
    assert start(b"", {"key": "gm-2"}, **headers)[1] == {
        "name": "кот.png",
        "mime": "image/png",
        "size": "3",
        "key": "gm-2",
    }
    assert start({}, x_forwarded_proto="https")[0].startswith("https://gateway/")
    assert start({}, x_forwarded_proto="javascript")[0].startswith("http://gateway/")


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "no pieces"),
        ({"x_goog_upload_command": "upload"}, "no pieces"),
        ({"x_goog_upload_command": "query"}, "no pieces"),
        ({"x_goog_upload_command": "upload, finalize", "x_goog_upload_offset": "8388608"}, "no pieces"),
        ({"x_goog_upload_command": "finalize"}, "4 bytes were announced and 3 came"),
    ],
)
def test_a_file_in_pieces_is_refused(headers: Any, message: str) -> None:
    problem = refusal(uploads.decode_bytes, b"png", {"size": "4"}, **headers)
    assert message in problem.message
    assert problem.param == "file"


def multipart(kind: str, *parts: tuple[str, bytes]) -> tuple[bytes, str]:
    body = b"".join(b"--xyz\r\nContent-Type: %b\r\n\r\n%b\r\n" % (mime.encode(), data) for mime, data in parts)
    return body + b"--xyz--\r\n", f"multipart/{kind}; boundary=xyz"


@pytest.mark.parametrize("kind", ["related", "form-data", "mixed"])
def test_an_upload_in_one_request(kind: str) -> None:
    picture = b"\r\n--xy\x00\xff\r\n" * 3
    metadata = msgspec.json.encode({"file": {"displayName": "кот"}})
    body, content_type = multipart(kind, ("application/json; charset=utf-8", metadata), ("image/png", picture))
    file = uploads.decode_whole(incoming(body, content_type=content_type))
    assert (file.name, file.data, file.mime, file.ignored) == ("кот", picture, "image/png", ())


def test_an_upload_of_bytes_alone() -> None:
    file = uploads.decode_whole(incoming(b"png", content_type="image/png", x_goog_upload_file_name="a%20b.png"))
    assert (file.name, file.data, file.mime) == ("a b.png", b"png", "image/png")
    assert uploads.decode_whole(incoming(b"png")).name == "file"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{}", "application/json"),
        (b"x", "multipart/related"),
        (b"x", "multipart/related; boundary=xyz"),
        (multipart("related", ("application/json", b"{}"))[0], "multipart/related; boundary=xyz"),
        (multipart("related", ("a/b", b"{}"), ("a/b", b"x"))[0][:-12], "multipart/related; boundary=xyz"),
        (b"x", f"multipart/related; boundary={'x' * 300}"),
    ],
)
def test_an_upload_that_cannot_be_read(body: bytes, content_type: str) -> None:
    assert refusal(uploads.decode_whole, body, content_type=content_type).param == "file"


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"file":5}', b'{"file":{"display_name":5}}'])
def test_metadata_that_cannot_be_read(body: bytes) -> None:
    refusal(uploads.Start("/upload").headers, body)
    data, content_type = multipart("related", ("application/json", body), ("image/png", b"x"))
    refusal(uploads.decode_whole, data, content_type=content_type)
