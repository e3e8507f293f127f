"""Files: what may be uploaded, who may see it; and the pictures that belong to an end user."""

from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from gigamost.emulator import TRADER
from gigamost.emulator.picture import draw, measure
from tests.emulator.conftest import Api, message

OFFICE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


async def upload(
    api: Api, name: str = "a.txt", data: bytes = b"Hi", mime: str = "text/plain", **fields: str
) -> httpx.Response:
    return await api.http.post("/files", files={"file": (name, data, mime)}, data={"purpose": "general"} | fields)


async def test_a_file_comes_and_goes(api: Api) -> None:
    stored = (await upload(api, "заметка.txt", "Привет".encode())).json()
    assert list(stored) == [
        "id",
        "object",
        "bytes",
        "created_at",
        "filename",
        "purpose",
        "access_policy",
        "modalities",
    ]
    assert (stored["object"], stored["bytes"], stored["filename"]) == ("file", 12, "заметка.txt")
    assert (stored["purpose"], stored["access_policy"], stored["modalities"]) == ("general", "private", ["text"])
    assert (await api.http.get("/files")).json() == {"data": [stored]}
    assert (await api.http.get(f"/files/{stored['id']}")).json() == stored
    assert (await api.http.get(f"/files/{stored['id']}/content")).content == "Привет".encode()
    deleted = await api.http.post(f"/files/{stored['id']}/delete")
    assert deleted.json() == {"id": stored["id"], "deleted": True, "access_policy": "private"}
    gone = await api.http.get(f"/files/{stored['id']}/content")
    assert (gone.status_code, gone.json()["message"]) == (404, "No such model")


@pytest.mark.parametrize(
    ("mime", "modality"),
    [
        ("image/png", "image"),
        ("image/bmp", "image"),
        ("audio/x-wav", "audio"),
        ("application/pdf", "text"),
        (OFFICE, "text"),
    ],
)
async def test_types_and_their_modality(api: Api, mime: str, modality: str) -> None:
    assert (await upload(api, mime=mime)).json()["modalities"] == [modality]


@pytest.mark.parametrize("mime", ["application/octet-stream", "image/webp", "image/gif", "image/heic", "text/html"])
async def test_other_types_are_refused(api: Api, mime: str) -> None:
    assert (await upload(api, mime=mime)).status_code == 400


async def test_uploads_out_of_shape(api: Api) -> None:
    assert (await upload(api, purpose="fine-tune")).status_code == 400
    assert (await upload(api, mime="application/pdf", purpose="assistant")).status_code == 400
    assert (await upload(api, purpose="assistant")).status_code == 200
    assert (await api.http.post("/files", data={"purpose": "general"})).status_code == 400
    assert (await api.http.post("/files", content=b"x")).status_code == 400
    form = "multipart/form-data; boundary=b"
    assert (await api.http.post("/files", content=b"--b\r\n???", headers={"Content-Type": form})).status_code == 400


@pytest.mark.parametrize(("mime", "megabytes"), [("image/jpeg", 15), ("audio/mp3", 35), ("text/plain", 40)])
async def test_sizes(api: Api, mime: str, megabytes: int) -> None:
    limit = megabytes * 1024 * 1024
    assert (await upload(api, data=b"x" * limit, mime=mime)).status_code == 200
    over = await upload(api, data=b"x" * (limit + 1), mime=mime)
    assert (over.status_code, over.json()["message"]) == (413, "Payload too large")


async def test_files_of_others_do_not_exist(api: Api) -> None:
    file_id = (await upload(api)).json()["id"]
    other = Api(api.running, TRADER)
    async with other.http:
        await other.authorize()
        assert (await other.http.get("/files")).json() == {"data": []}
        for method, path in (("GET", ""), ("GET", "/content"), ("POST", "/delete")):
            assert (await other.http.request(method, f"/files/{file_id}{path}")).status_code == 404
        refused = await other.chat("Hi", messages=[{"role": "user", "content": "Hi", "attachments": [file_id]}])
        assert refused.status_code == 404


async def test_a_generated_picture_belongs_to_its_end_user(api: Api) -> None:
    ann = {"X-Client-ID": "ann"}
    said = message(await api.chat("Draw a cat", headers=ann, function_call="auto"))
    (listed,) = (await api.http.get("/files")).json()["data"]
    assert listed["id"] in said["content"]
    path = f"/files/{listed['id']}/content"
    assert (await api.http.get(path, headers=ann)).status_code == 200
    assert (await api.http.get(path, headers={"X-Client-ID": "bob"})).status_code == 404
    assert (await api.http.get(path)).status_code == 404


async def test_attachments_are_acknowledged(api: Api) -> None:
    png = BytesIO()
    Image.new("RGB", (10, 10)).save(png, "PNG")
    image = (await upload(api, "image.png", png.getvalue(), "image/png")).json()["id"]
    note = (await upload(api, "note.txt", b"The code is 42.")).json()["id"]
    said = await api.chat("-", messages=[{"role": "user", "content": "What?", "attachments": [image, note]}])
    content = message(said)["content"]
    assert "I see image.png (PNG 10x10)." in content
    assert "I see note.txt (text/plain, 15 bytes): The code is 42." in content
    blind = {"role": "user", "content": "What?", "attachments": [image]}
    refused = await api.chat("-", model="GigaChat-2", messages=[blind])
    assert (refused.status_code, refused.json()["message"]) == (422, "Model GigaChat-2 does not support image")


@pytest.mark.parametrize(("kind", "size"), [("PNG", (7, 9)), ("JPEG", (300, 20)), ("BMP", (5, 6))])
def test_pictures_are_measured(kind: str, size: tuple[int, int]) -> None:
    data = BytesIO()
    Image.new("RGB", size).save(data, kind)
    assert measure(data.getvalue()) == (kind, *size)


def test_what_is_no_picture_has_no_size() -> None:
    for data in (b"", b"\xff\xd8", b"\xff\xd8\xff\xe0\x00", b"\x89PNG\r\n\x1a\n", b"GIF89a"):
        assert measure(data) is None


def test_a_drawn_picture_is_a_real_jpeg() -> None:
    for prompt in ("", "кот", "a red house " * 50):
        with Image.open(BytesIO(draw(prompt))) as image:
            image.load()
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (64, 64))
            colours: Any = image.getcolors(64 * 64)
            assert len(colours) >= 32
    assert draw("a") == draw("a") != draw("b")
