"""Paths to endpoints: exact ones, parameters, what clients' base URLs do to a path, and contradictions."""

import pytest

from gigamost.core.face import DeleteFile, Endpoint, Face, GetFile, GetModel, ReadFile, Service
from gigamost.server.router import Match, Router


def face(name: str, *routes: tuple[str, str, Service]) -> Face:
    return Face(name, tuple(Endpoint(*route) for route in routes), lambda problem: b"")


READ, GET, DELETE, MODEL = (
    ReadFile(),
    GetFile(lambda file: b""),
    DeleteFile(lambda file: b""),
    GetModel(lambda model: b""),
)
FACES = (
    face(
        "files",
        ("GET", "/v1/files/{file}", GET),
        ("DELETE", "/v1/files/{file}", DELETE),
        ("GET", "/v1/files/{file}/content", READ),
        ("GET", "/v1/files", READ),
        ("GET", "/v1/files/latest", READ),
    ),
    face("models", ("GET", "/v1/models/{model:path}", MODEL), ("POST", "/v1beta/models/{model}:count.Tokens", MODEL)),
)


def find(path: str) -> Match:
    match = Router(FACES).find(path)
    assert match is not None
    return match


@pytest.mark.parametrize(
    ("path", "name", "methods", "parameters"),
    [
        ("/v1/files", "files", {"GET"}, {}),
        ("/v1/files/latest", "files", {"GET"}, {}),
        ("/v1/files/abc", "files", {"GET", "DELETE"}, {"file": "abc"}),
        ("/v1/files/abc/content", "files", {"GET"}, {"file": "abc"}),
        ("/v1/files/a b\n", "files", {"GET", "DELETE"}, {"file": "a b\n"}),
        ("/v1/models/a/b:c", "models", {"GET"}, {"model": "a/b:c"}),
        ("/v1beta/models/m:count.Tokens", "models", {"POST"}, {"model": "m"}),
        ("/v1/files/", "files", {"GET"}, {}),
        ("//v1///files//abc/", "files", {"GET", "DELETE"}, {"file": "abc"}),
    ],
)
def test_what_stands_at_a_path(path: str, name: str, methods: set[str], parameters: dict[str, str]) -> None:
    match = find(path)
    assert (match.face.name, set(match.endpoints), match.parameters) == (name, methods, parameters)


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
    assert Router(FACES).find(path) is None


def test_methods_of_one_path_have_their_own_endpoints() -> None:
    endpoints = find("/v1/files/abc").endpoints
    assert (endpoints["GET"].service, endpoints["DELETE"].service) == (GET, DELETE)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_two_endpoints_for_one_place_are_a_mistake(method: str) -> None:
    faces = (face("one", ("GET", "/a", READ)), face("other", (method, "/a", READ)))
    if method == "GET":
        with pytest.raises(ValueError, match="GET /a"):
            Router(faces)
    else:
        assert Router(faces).find("/a") is not None
