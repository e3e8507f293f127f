"""Paths to endpoints: exact ones, parameters, what clients' base URLs do to a path, and contradictions."""

from typing import Any

import pytest

from gigamost.core.face import DeleteFile, Endpoint, Face, GetFile, GetModel, NewFile, ReadFile, Service, UploadFile
from gigamost.server.router import Match, Router


def face(name: str, *routes: tuple[Any, ...]) -> Face:
    return Face(name, tuple(Endpoint(*route) for route in routes), lambda problem, request_id: b"")


READ, GET, DELETE, MODEL, COUNT = (
    ReadFile(),
    GetFile(lambda file, incoming: b""),
    DeleteFile(lambda file: b""),
    GetModel(lambda model: b""),
    UploadFile(lambda incoming: NewFile("", b"", "", ""), lambda file, incoming: b""),
)
FACES = (
    face(
        "files",
        ("GET", "/v1/files/{file}", GET),
        ("DELETE", "/v1/files/{file}", DELETE),
        ("GET", "/v1/files/{file}/content", READ),
        ("GET", "/v1/files", READ),
        ("GET", "/v1/files/latest", READ),
        ("GET", "/v1/list", READ),
    ),
    face(
        "models",
        ("GET", "/v1/models/{model:path}", MODEL),
        ("POST", "/v1/models/{model}:count", COUNT),
        ("POST", "/v1beta/models/{model}:count.Tokens", MODEL),
        ("GET", "/v1/list", MODEL, ("anthropic-version",)),
    ),
)


def find(path: str, method: str = "GET", **headers: str) -> Match:
    match = Router(FACES).find(method, path, headers)
    assert match is not None
    return match


@pytest.mark.parametrize(
    ("method", "path", "name", "service", "parameters"),
    [
        ("GET", "/v1/files", "files", READ, {}),
        ("GET", "/v1/files/latest", "files", READ, {}),
        ("DELETE", "/v1/files/abc", "files", DELETE, {"file": "abc"}),
        ("HEAD", "/v1/files/abc", "files", GET, {"file": "abc"}),
        ("GET", "/v1/files/abc/content", "files", READ, {"file": "abc"}),
        ("GET", "/v1/files/a b\n", "files", GET, {"file": "a b\n"}),
        ("GET", "/v1/models/a/b:c", "models", MODEL, {"model": "a/b:c"}),
        ("POST", "/v1beta/models/m:count.Tokens", "models", MODEL, {"model": "m"}),
        ("POST", "/v1/models/m:count", "models", COUNT, {"model": "m"}),
        ("GET", "/v1/files/", "files", READ, {}),
        ("GET", "//v1///files//abc/", "files", GET, {"file": "abc"}),
    ],
)
def test_what_serves_a_request(method: str, path: str, name: str, service: Service, parameters: dict[str, str]) -> None:
    match = find(path, method)
    assert match.endpoint is not None
    assert (match.face.name, match.endpoint.service, match.parameters) == (name, service, parameters)


def test_a_path_of_another_method_says_which_are_possible() -> None:
    match = find("/v1/files/abc", "PATCH")
    assert (match.face.name, match.endpoint, match.allowed) == ("files", None, ["DELETE", "GET"])


def test_headers_choose_between_faces() -> None:
    assert find("/v1/list").face.name == "files"
    assert find("/v1/list", **{"anthropic-version": "2023-06-01"}).face.name == "models"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "//",
        "/v1",
        "/V1/files",
        "/v1/files/a/b",
        "/v1/files//content/x",
        "/v1/filesx",
        "x/v1/files",
        "/v1/models/",
        "/v1beta/models/m:countXTokens",
        "/v1/files\n",
        "/v1/files/a/content\n",
    ],
)
def test_what_is_no_route(path: str) -> None:
    assert Router(FACES).find("GET", path, {}) is None


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_two_endpoints_for_one_place_are_a_mistake(method: str) -> None:
    faces = (face("one", ("GET", "/a", READ)), face("other", (method, "/a", READ)))
    if method == "GET":
        with pytest.raises(ValueError, match="GET /a"):
            Router(faces)
    else:
        assert Router(faces).find("POST", "/a", {}) is not None
