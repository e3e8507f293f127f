"""Generated pictures come into the answer as bytes, or the answer says that it broke off."""

import io

from PIL import Image

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.events import Failure, PartEnd, PartStart, Start, is_content
from gigamost.core.grammar import checked
from gigamost.core.messages import Citation, FileRef, Inline, Media, Opaque
from gigamost.pipeline.localise import localise


class Downloads:
    """A `FileStore` that has these files."""

    credential_id = "c1"

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    async def upload(self, data: bytes, mime: str, name: str) -> str:
        raise AssertionError("nothing is uploaded here")

    async def delete(self, file_id: str) -> None:
        raise AssertionError("nothing is deleted here")

    async def download(self, file_id: str) -> bytes:
        if file_id not in self.files:
            raise GatewayError(Kind.NOT_FOUND, "No such model")
        return self.files[file_id]


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(out, "JPEG")
    return out.getvalue()


async def test_a_generated_picture_is_put_in() -> None:
    data = jpeg()
    end = PartEnd((Media("image", FileRef("a"), name="cat"),), Opaque("gigachat", "state"))
    events = await localise(end, Downloads({"a": data}))
    assert events == (PartEnd((Media("image", Inline(data), "image/jpeg", "cat"),), Opaque("gigachat", "state")),)


async def test_a_type_that_is_not_recognised_stays_as_it_was_said() -> None:
    end = PartEnd((Media("model3d", FileRef("a"), "model/fbx"), Media("model3d", FileRef("b"))))
    (event,) = await localise(end, Downloads({"a": b"Kaydara FBX Binary  \0", "b": b"\0\1\2"}))
    assert isinstance(event, PartEnd)
    assert [media.mime for media in event.media] == ["model/fbx", "application/octet-stream"]


async def test_bytes_that_are_there_are_left_alone() -> None:
    end = PartEnd((Media("image", Inline(b"x"), "image/png"),))
    assert await localise(end, Downloads({})) == (end,)


async def test_what_else_a_part_ends_with_stays() -> None:
    end = PartEnd((Media("image", FileRef("a")),), citations=(Citation("https://a.example"),), is_failed=True)
    (event,) = await localise(end, Downloads({"a": jpeg()}))
    assert isinstance(event, PartEnd)
    assert (event.citations, event.is_failed) == (end.citations, True)


async def test_a_lost_picture_ends_the_answer() -> None:
    end = PartEnd((Media("image", FileRef("secret-id")),))
    events = await localise(end, Downloads({}))
    assert list(checked([Start(), PartStart("media"), *events]))[2:] == list(events)
    failure = events[-1]
    assert isinstance(failure, Failure)
    assert failure.problem.kind is Kind.UPSTREAM_FAILED
    assert "secret-id" not in failure.problem.message
    assert "No such model" in failure.problem.detail
    assert not any(is_content(event, "media") for event in events)
