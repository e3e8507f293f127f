"""Media become files of the target credential: once per content, apart per tenant, deleted when nobody needs them."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network

import pytest
from PIL import Image

from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.messages import ClientFile, FileRef, Inline, Media, MediaKind, Message, Source, Text, ToolResult, Url
from gigamost.core.models import Capabilities, Model
from gigamost.core.request import ChatRequest
from gigamost.pipeline.materialise import Materialiser, Prepared
from gigamost.pipeline.uploads import Uploads
from gigamost.protocols.gigachat.files import sniff
from gigamost.upstreams.fetch import Fetcher

SEEING = Model("GigaChat-2-Max", "giga", capabilities=Capabilities(vision=True, audio=True))
BLIND = Model("GigaChat-2", "giga")
MODELS = (BLIND, SEEING, Model("GigaChat-2-Pro", "giga", capabilities=Capabilities(vision=True)))


class Storage:
    """A `FileStore` in memory."""

    def __init__(self, credential_id: str = "c1") -> None:
        self.credential_id = credential_id
        self.uploaded: list[tuple[bytes, str, str]] = []
        self.deleted: list[str] = []
        self.failing: GatewayError | None = None
        self.open = asyncio.Event()  # uploads wait for it
        self.open.set()
        self.running = self.peak = 0
        self.changed = asyncio.Condition()

    async def upload(self, data: bytes, mime: str, name: str) -> str:
        self.running += 1
        self.peak = max(self.peak, self.running)
        await self._tell()
        try:
            await self.open.wait()
            if self.failing is not None:
                raise self.failing
        finally:
            self.running -= 1
        self.uploaded.append((data, mime, name))
        return f"{self.credential_id}-{len(self.uploaded)}"

    async def delete(self, file_id: str) -> None:
        self.deleted.append(file_id)
        await self._tell()

    async def download(self, file_id: str) -> bytes:
        raise AssertionError("nothing is downloaded here")

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def until(self, fact: Callable[[], bool]) -> None:
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(fact)


class Gate:
    """A materialiser and what it stands on."""

    def __init__(self, uploads: Uploads, fetcher: Fetcher) -> None:
        self.uploads = uploads
        self.files = Storage()
        self.materialiser = Materialiser(fetcher, uploads, lambda: MODELS)

    async def prepare(
        self, *messages: Message, model: Model = SEEING, owner: str = "t1", files: Storage | None = None
    ) -> Prepared:
        request = ChatRequest("m", messages)
        return await self.materialiser.prepare(request, files or self.files, model, owner=owner, claim=claim)

    async def refused(self, *messages: Message, model: Model = SEEING) -> Problem:
        with pytest.raises(GatewayError) as caught:
            await self.prepare(*messages, model=model)
        return caught.value.problem


async def claim(file_id: str) -> str | None:
    return {"file-mine": "giga-1"}.get(file_id)


@asynccontextmanager
async def gate(ttl: float = 3600.0, capacity: int = 1000) -> AsyncIterator[Gate]:
    uploads = Uploads(ttl=ttl, capacity=capacity)
    fetcher = Fetcher(allowed=(ip_network("127.0.0.1/32"),))
    try:
        yield Gate(uploads, fetcher)
    finally:
        await uploads.close()
        await fetcher.close()


def picture(form: str = "PNG", colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(out, form)
    return out.getvalue()


def media(data: bytes | Source, kind: MediaKind = "image", name: str = "") -> Media:
    return Media(kind, Inline(data) if isinstance(data, bytes) else data, name=name)


def user(*parts: Text | Media) -> Message:
    return Message("user", parts)


def padded(head: bytes, size: int) -> bytes:
    return head + bytes(size - len(head))


WAV = b"RIFF\x24\0\0\0WAVEfmt "


async def test_a_request_without_media_is_the_same_object() -> None:
    async with gate() as one:
        request = ChatRequest("m", (user(Text("hello")), Message("tool", (ToolResult("c", (Text("r"),)),))))
        with await one.materialiser.prepare(request, one.files, BLIND, owner="t1", claim=claim) as prepared:
            assert prepared.request is request
            assert not prepared.reused


async def test_every_medium_becomes_a_file_in_its_place() -> None:
    jpeg, webp = picture("JPEG"), picture("WEBP")
    kept = Message("assistant", (media(picture(colour="black")),))
    async with gate() as one:
        prepared = await one.prepare(
            Message("system", (Text("s"),)),
            user(Text("look"), media(jpeg, name="a.png"), Text("and"), media("Привет".encode(), "document", "b.md")),
            kept,
            Message("tool", (ToolResult("c1", (Text("r"), media(webp)), "shot"),)),
            user(media(FileRef("giga-9")), media(ClientFile("file-mine"), "document")),
        )
        stored = {f"c1-{at}": upload for at, upload in enumerate(one.files.uploaded, 1)}
        _, first, assistant, tool, last = prepared.request.messages
        text, image, also, document = first.parts
        assert (text, also) == (Text("look"), Text("and"))
        assert isinstance(image, Media)
        assert isinstance(image.source, FileRef)
        assert stored[image.source.id] == (jpeg, "image/jpeg", "a.jpg")
        assert isinstance(document, Media)
        assert isinstance(document.source, FileRef)
        assert stored[document.source.id] == ("Привет".encode(), "text/plain", "b.txt")
        assert assistant is kept
        (result,) = tool.parts
        assert isinstance(result, ToolResult)
        shot = result.content[1]
        assert isinstance(shot, Media)
        assert isinstance(shot.source, FileRef)
        converted, mime, name = stored[shot.source.id]
        assert (sniff(converted), mime, name, shot.mime) == ("image/jpeg", "image/jpeg", "file.jpg", "image/jpeg")
        assert last.parts == (media(FileRef("giga-9")), media(FileRef("giga-1"), "document"))
        prepared.release()


async def test_an_address_is_fetched() -> None:
    png = picture()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
        status = b"200 OK" if path == b"/cat.png" else b"404 Not Found"
        writer.write(b"HTTP/1.1 %b\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (status, len(png), png))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, gate() as one:
        with await one.prepare(user(media(Url(f"{base}/cat.png")))):
            assert one.files.uploaded == [(png, "image/png", "cat.png")]
        problem = await one.refused(user(Text("x")), user(Text("y"), media(Url(f"{base}/dog.png"))))
        assert (problem.status, problem.param) == (400, "messages[1].content[1]")
        problem = await one.refused(user(media(Url("http://10.0.0.1/x.png"))))
        assert (problem.status, problem.param) == (400, "messages[0].content[0]")


async def test_the_same_bytes_are_uploaded_once() -> None:
    async with gate() as one:
        one.files.open.clear()
        requests = [asyncio.create_task(one.prepare(user(media(picture()), media(picture())))) for _ in range(5)]
        await one.files.until(lambda: one.files.running == 1)
        one.files.open.set()
        prepared = await asyncio.gather(*requests)
        assert len(one.files.uploaded) == 1
        again = await one.prepare(user(media(picture())))
        assert again.reused
        assert again.request.messages[0].parts == (Media("image", FileRef("c1-1"), "image/png"),)
        for each in (*prepared, again):
            each.release()
        assert one.files.deleted == []


async def test_credentials_and_owners_share_nothing() -> None:
    async with gate() as one:
        other = Storage("c2")
        with await one.prepare(user(media(picture())), owner="t1"):
            for owner, files in (("t2", one.files), ("t1", other)):
                with await one.prepare(user(media(picture())), owner=owner, files=files) as prepared:
                    assert not prepared.reused
        assert (len(one.files.uploaded), len(other.uploaded)) == (2, 1)


async def test_uploads_of_one_request_are_bounded() -> None:
    colours = ("red", "green", "blue", "white", "black", "pink", "gold", "gray")
    async with gate() as one:
        one.files.open.clear()
        request = asyncio.create_task(one.prepare(user(*(media(picture(colour=colour)) for colour in colours))))
        await one.files.until(lambda: one.files.running == 4)
        one.files.open.set()
        (await request).release()
        assert len(one.files.uploaded) == len(colours)
        assert one.files.peak == 4


async def test_one_failed_upload_fails_the_request_and_is_tried_anew_next_time() -> None:
    async with gate() as one:
        one.files.failing = GatewayError(Kind.UPSTREAM_FAILED, "storage is full", retry_after=3)
        problem = await one.refused(user(Text("x"), media(picture())), user(media(b"text", "document")))
        assert problem.kind is Kind.UPSTREAM_FAILED
        assert problem.retry_after == 3
        assert problem.param in ("messages[0].content[1]", "messages[1].content[0]")
        assert "storage is full" in problem.message
        one.files.failing = None
        with await one.prepare(user(media(picture()))) as prepared:
            assert not prepared.reused


async def test_an_upload_outlives_the_request_that_began_it_while_others_wait() -> None:
    async with gate() as one:
        one.files.open.clear()
        first = asyncio.create_task(one.prepare(user(media(picture()))))
        await one.files.until(lambda: one.files.running == 1)
        second = asyncio.create_task(one.prepare(user(media(picture())), user(media(picture(colour="blue")))))
        await one.files.until(lambda: one.files.running == 2)
        first.cancel()
        await asyncio.wait((first,))
        one.files.open.set()
        with await second as prepared:
            assert prepared.reused
        assert len(one.files.uploaded) == 2


async def test_an_upload_that_nobody_waits_for_is_cancelled() -> None:
    async with gate() as one:
        one.files.open.clear()
        only = asyncio.create_task(one.prepare(user(media(picture()))))
        await one.files.until(lambda: one.files.running == 1)
        only.cancel()
        await asyncio.wait((only,))
        one.files.open.set()
        with await one.prepare(user(media(picture()))) as prepared:
            assert not prepared.reused
        assert len(one.files.uploaded) == 1


async def test_what_nobody_used_for_its_time_is_deleted() -> None:
    async with gate(ttl=0.02) as one:
        (await one.prepare(user(media(picture())))).release()
        await one.files.until(lambda: one.files.deleted == ["c1-1"])
        with await one.prepare(user(media(picture()))) as prepared:
            assert not prepared.reused


async def test_what_a_request_uses_is_deleted_only_after_it() -> None:
    async with gate(capacity=1) as one:
        held = await one.prepare(user(media(picture())))
        (await one.prepare(user(media(picture(colour="blue"))))).release()
        (await one.prepare(user(media(picture(colour="green"))))).release()
        await one.files.until(lambda: one.files.deleted == ["c1-2"])
        held.release()
        held.release()
        await one.files.until(lambda: one.files.deleted == ["c1-2", "c1-1"])


async def test_a_file_that_the_upstream_lost_is_uploaded_again() -> None:
    async with gate() as one:
        (await one.prepare(user(media(picture())))).release()
        stale = await one.prepare(user(media(picture())))
        assert stale.reused
        stale.forget()
        stale.release()
        with await one.prepare(user(media(picture()))) as fresh:
            assert not fresh.reused
            assert fresh.request.messages[0].parts == (Media("image", FileRef("c1-2"), "image/png"),)
        await one.files.until(lambda: one.files.deleted == ["c1-1"])


async def test_shutdown_deletes_what_is_left() -> None:
    async with gate() as one:
        (await one.prepare(user(media(picture()), media(b"text", "document")))).release()
        await one.uploads.close()
        assert sorted(one.files.deleted) == ["c1-1", "c1-2"]


async def test_a_model_that_cannot_see_is_refused_and_others_are_named() -> None:
    async with gate() as one:
        problem = await one.refused(user(Text("x"), media(picture())), model=BLIND)
        assert (problem.status, problem.param) == (400, "messages[0].content[1]")
        assert "GigaChat-2-Max, GigaChat-2-Pro" in problem.message
        assert "GigaChat-2-Max." in (await one.refused(user(media(WAV, "audio")), model=MODELS[2])).message
        # What it is counts, not what the client called it.
        assert (await one.refused(user(media(picture(), "document")), model=BLIND)).status == 400
        assert one.files.uploaded == []


@pytest.mark.parametrize(
    ("sent", "status", "word"),
    [
        (media(b"", "document"), 400, "empty"),
        (media(b"\xff\xfe\x00", "document"), 400, "not recognised"),
        (media(b"<svg xmlns='x'/>"), 400, "text/plain"),
        (media(b"fLaC\0\0", "audio"), 400, "audio/flac"),
        (media(b"PK\x03\x04 nothing known", "document"), 400, "application/zip"),
        (media(b"\0\0\0\x20ftypisom\0\0\x02\0", "video"), 400, "no video"),
        (media(picture("WEBP")[:40]), 400, "not a picture"),
        (media(ClientFile("file-of-another"), "document"), 400, "no file"),
        (media(padded(WAV, 35_000_001), "audio"), 413, "35000000"),
        (media(padded(b"%PDF-1.4", 40_000_001), "document"), 413, "40000000"),
    ],
)
async def test_what_cannot_go_is_refused_at_its_place(sent: Media, status: int, word: str) -> None:
    async with gate() as one:
        problem = await one.refused(user(Text("x")), user(Text("y"), sent))
        assert (problem.status, problem.param) == (status, "messages[1].content[1]")
        assert word in problem.message
        assert one.files.uploaded == []


async def test_at_most_ten_images() -> None:
    ten = [user(media(picture())) for _ in range(10)]
    async with gate() as one:
        (await one.prepare(*ten, user(media(b"text", "document")))).release()
        problem = await one.refused(*ten, user(media(picture())))
        assert problem.status == 400
        assert "11 images" in problem.message
        # One that hides as a document is found by its bytes.
        assert (await one.refused(*ten, user(media(picture(), "document")))).status == 400


async def test_images_and_audio_stay_under_80_megabytes_together() -> None:
    recordings = [media(padded(WAV + bytes([n]), 30_000_000), "audio") for n in range(3)]
    async with gate() as one:
        (await one.prepare(user(*recordings[:2], media(padded(b"%PDF-1.4", 39_000_000), "document")))).release()
        problem = await one.refused(user(*recordings))
        assert problem.status == 413
        assert "90000000" in problem.message
