"""`/v1/files`, server role: forms as the official client writes them, pages of a list."""

from typing import Any, get_type_hints

import httpx
import msgspec
import pytest
from openai.types import FileDeleted, FileObject, file_create_params

from gigamost.core.errors import GatewayError
from gigamost.core.face import Incoming, NewFile
from gigamost.core.tasks import StoredFile
from gigamost.protocols.openai_tasks import files

NOTES = StoredFile("file-a", "заметки.md", 5, 1715768909, "assistants", "text/plain")


def upload(fields: dict[str, Any], parts: dict[str, Any]) -> NewFile:
    """Decodes what an HTTP client library makes of the form."""
    request = httpx.Request("POST", "http://gateway/v1/files", data=fields, files=parts)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return files.decode_upload(Incoming(request.read(), {}, {}, headers))


def refusal(fields: dict[str, Any], parts: dict[str, Any]) -> tuple[int, str | None]:
    with pytest.raises(GatewayError) as caught:
        upload(fields, parts)
    return caught.value.problem.status, caught.value.problem.param


def test_every_field_of_the_official_client_has_a_rule() -> None:
    assert set(get_type_hints(file_create_params.FileCreateParams)) == set(files.RULES)


def test_an_upload() -> None:
    data = bytes(range(256)) * 10_000  # more than a megabyte, with line breaks and boundaries' dashes in it
    new = upload({"purpose": "user_data"}, {"file": ("отчёт.pdf", data, "application/pdf")})
    assert new == NewFile("отчёт.pdf", data, "application/pdf", "user_data")


def test_what_has_no_meaning_here_is_listed_once() -> None:
    fields = {"purpose": "vision", "expires_after[anchor]": "created_at", "expires_after[seconds]": "3600", "x": "1"}
    assert upload(fields, {"file": ("a.png", b"x", "image/png")}).ignored == ("expires_after", "x")


@pytest.mark.parametrize("purpose", ["fine-tune", "evals", "anything", ""])
def test_a_purpose_without_use_is_refused(purpose: str) -> None:
    assert refusal({"purpose": purpose}, {"file": ("a.txt", b"x", "text/plain")}) == (400, "purpose")


def test_a_form_without_a_file_is_refused() -> None:
    assert refusal({"purpose": "user_data"}, {"other": ("a.txt", b"x", "text/plain")}) == (400, "file")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"no form at all"),
        ("multipart/form-data; boundary=b", b"--b\r\nnothing: at"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=" + "b" * 5000, b""),
    ],
)
def test_a_body_that_is_no_form_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(GatewayError) as caught:
        files.decode_upload(Incoming(body, {}, {}, {"content-type": content_type}))
    assert caught.value.problem.status == 400


def test_a_form_that_breaks_off_gives_no_half_of_a_file() -> None:
    request = httpx.Request("POST", "http://gateway/", data={"purpose": "vision"}, files={"file": ("a", b"x" * 1000)})
    headers = {name.lower(): value for name, value in request.headers.items()}
    with pytest.raises(GatewayError):
        files.decode_upload(Incoming(request.read()[:-100], {}, {}, headers))


ASKED = Incoming(b"", {}, {}, {})


def test_a_file_as_the_official_client_sees_it() -> None:
    said = FileObject.model_validate_json(files.encode(NOTES, ASKED), strict=True)
    assert (said.id, said.filename, said.bytes, said.created_at) == ("file-a", "заметки.md", 5, 1715768909)
    assert (said.purpose, said.status) == ("assistants", "processed")


def test_a_purpose_that_openai_does_not_have_is_user_data() -> None:
    general = msgspec.structs.replace(NOTES, purpose="general")
    assert FileObject.model_validate_json(files.encode(general, ASKED), strict=True).purpose == "user_data"


def test_a_deleted_file() -> None:
    said = FileDeleted.model_validate_json(files.encode_deleted("file-a"), strict=True)
    assert (said.id, said.deleted) == ("file-a", True)


STORED = [StoredFile(f"file-{at}", f"{at}.txt", 1, 1000 + at, "vision" if at % 2 else "batch") for at in range(5)]


def page(**query: str) -> dict[str, Any]:
    said: dict[str, Any] = msgspec.json.decode(files.encode_list(STORED, Incoming(b"", {}, query, {})))
    return said


def ids(said: dict[str, Any]) -> str:
    return "".join(file["id"].removeprefix("file-") for file in said["data"])


@pytest.mark.parametrize(
    ("query", "expected", "has_more"),
    [
        ({}, "43210", False),
        ({"order": "asc"}, "01234", False),
        ({"limit": "2"}, "43", True),
        ({"limit": "2", "after": "file-3"}, "21", True),
        ({"limit": "2", "after": "file-2"}, "10", False),
        ({"after": "file-0"}, "", False),
        ({"purpose": "vision"}, "31", False),
        ({"purpose": "assistants"}, "", False),
    ],
)
def test_a_page_of_files(query: dict[str, str], expected: str, has_more: bool) -> None:
    said = page(**query)
    assert (ids(said), said["has_more"], said["object"]) == (expected, has_more, "list")
    assert said["last_id"] == (f"file-{expected[-1]}" if expected else None)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "10001"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"order": "up"}, "order"),
        ({"after": "file-9"}, "after"),
    ],
)
def test_a_page_that_cannot_be_given(query: dict[str, str], param: str) -> None:
    with pytest.raises(GatewayError) as caught:
        page(**query)
    assert (caught.value.problem.status, caught.value.problem.param) == (400, param)
