"""GigaChat's files: what bytes are, how an upload is written (read back by an independent parser), answers."""

import email.parser
import email.policy
import io
import zipfile

import pytest
from PIL import Image

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.tasks import StoredFile
from gigamost.protocols.gigachat.files import (
    ACCEPTED,
    MAX_BYTES,
    MAX_IMAGES,
    MAX_MEDIA_BYTES,
    decode_deleted,
    decode_file,
    decode_files,
    encode_upload,
    file_name,
    sniff,
)

OFFICE = "application/vnd.openxmlformats-officedocument"


def picture(form: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, form)
    return out.getvalue()


def archive(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, data in members:
            file.writestr(name, data)
    return out.getvalue()


def ole(stream: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1024) + stream.encode("utf-16-le") + bytes(64)


DOCX = archive(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>"))

KNOWN = {
    "jpeg": (picture("JPEG"), "image/jpeg"),
    "png": (picture("PNG"), "image/png"),
    "tiff": (picture("TIFF"), "image/tiff"),
    "tiff big-endian": (b"MM\0*\0\0\0\x08", "image/tiff"),
    "bmp": (picture("BMP"), "image/bmp"),
    "webp": (picture("WEBP"), "image/webp"),
    "gif": (picture("GIF"), "image/gif"),
    "avif": (picture("AVIF"), "image/avif"),
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "application/pdf"),
    "pdf after junk": (b"\n\n\x00junk%PDF-1.4", "application/pdf"),
    "wav": (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
    "mp3 with a tag": (b"ID3\x04\0\0\0\0\0\0", "audio/mpeg"),
    "mp3 bare": (b"\xff\xfb\x90\x64\0\0", "audio/mpeg"),
    "ogg": (b"OggS\0\x02" + bytes(20) + b"\x01\x1e\x01vorbis", "audio/ogg"),
    "opus": (b"OggS\0\x02" + bytes(22) + b"OpusHead\x01", "audio/opus"),
    "m4a": (b"\0\0\0\x20ftypM4A \0\0\0\0", "audio/mp4"),
    "mp4": (b"\0\0\0\x20ftypisom\0\0\x02\0", "video/mp4"),
    "webm": (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01", "video/webm"),
    "flac": (b"fLaC\0\0\0\x22", "audio/flac"),
    "aac": (b"\xff\xf1\x50\x80", "audio/aac"),
    "docx": (DOCX, f"{OFFICE}.wordprocessingml.document"),
    "xlsx": (archive(("xl/workbook.xml", b"<x/>")), f"{OFFICE}.spreadsheetml.sheet"),
    "pptx": (archive(("ppt/presentation.xml", b"<p/>")), f"{OFFICE}.presentationml.presentation"),
    "xlsx with a docx in it": (
        archive(("xl/embeddings/a.docx", DOCX), ("xl/workbook.xml", b"<x/>")),
        f"{OFFICE}.spreadsheetml.sheet",
    ),
    "epub": (archive(("mimetype", b"application/epub+zip"), ("OEBPS/a.html", b"")), "application/epub+zip"),
    "zip": (archive(("a.txt", b"a")), "application/zip"),
    "doc": (ole("WordDocument"), "application/msword"),
    "ppt": (ole("PowerPoint Document"), "application/vnd.ms-powerpoint"),
    "text": ("Привет,\tмир\r\n".encode(), "text/plain"),
    "text that begins like a bitmap": (b"BMW is a car maker from Munich", "text/plain"),
    "json": (b'{"a": 1}', "text/plain"),
    "cp1251": ("Привет".encode("cp1251"), ""),
    "noise": (bytes(range(256)), ""),
    "nothing": (b"", ""),
}


@pytest.mark.parametrize("case", KNOWN)
def test_the_bytes_say_what_they_are(case: str) -> None:
    data, mime = KNOWN[case]
    assert sniff(data) == mime


def test_uploads_are_declared_as_the_api_wants_them() -> None:
    declared = {kind.extension: (kind.modality, kind.mime) for kind in ACCEPTED.values()}
    assert declared == {
        "txt": ("text", "text/plain"),
        "doc": ("text", "application/msword"),
        "docx": ("text", f"{OFFICE}.wordprocessingml.document"),
        "pdf": ("text", "application/pdf"),
        "epub": ("text", "application/epub"),
        "ppt": ("text", "application/ppt"),
        "pptx": ("text", "application/pptx"),
        "xlsx": ("text", "application/vnd.ms-excel"),
        "jpg": ("image", "image/jpeg"),
        "png": ("image", "image/png"),
        "tiff": ("image", "image/tiff"),
        "bmp": ("image", "image/bmp"),
        "mp4": ("audio", "audio/mp4"),
        "mp3": ("audio", "audio/mp3"),
        "m4a": ("audio", "audio/x-m4a"),
        "wav": ("audio", "audio/x-wav"),
        "weba": ("audio", "audio/webm"),
        "ogg": ("audio", "audio/x-ogg"),
        "opus": ("audio", "audio/opus"),
    }
    assert (MAX_BYTES["image"], MAX_BYTES["audio"], MAX_BYTES["text"]) == (15_000_000, 35_000_000, 40_000_000)
    assert (MAX_MEDIA_BYTES, MAX_IMAGES) == (80_000_000, 10)


NAMES = ["cat.png", "кот.png", 'a"b.png', "a\r\nContent-Type: text/html.png", "a%22b.png", "\ud800.png", "a;b=c.png"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("data", [b"", b"\r\n--", b"--boundary--\r\n", bytes(range(256)) * 3, b"a" * 100_000])
def test_an_upload_reads_back(name: str, data: bytes) -> None:
    content_type, body = encode_upload(data, "image/png", name)
    policy = email.policy.HTTP.clone(utf8=True)
    whole = email.parser.BytesParser(policy=policy).parsebytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
    )
    purpose, file = list(whole.iter_parts())
    assert purpose.get_param("name", header="content-disposition") == "purpose"
    assert purpose.get_content().strip() == "general"
    assert file.get_param("name", header="content-disposition") == "file"
    assert file.keys() == ["Content-Disposition", "Content-Type"]
    assert file.get_content_type() == "image/png"
    boundary = content_type.partition("boundary=")[2].encode()
    assert body.split(b"Content-Type: image/png\r\n\r\n", 1)[1] == data + b"\r\n--" + boundary + b"--\r\n"


def test_an_upload_is_the_same_every_time() -> None:
    assert encode_upload(b"x", "image/png", "a.png") == encode_upload(b"x", "image/png", "a.png")
    assert 'filename="кот %22.png"'.encode() in encode_upload(b"x", "image/png", 'кот ".png')[1]


@pytest.mark.parametrize(
    ("name", "extension", "safe"),
    [
        ("cat.webp", "jpg", "cat.jpg"),
        ("", "png", "file.png"),
        ("../../etc/passwd", "txt", "passwd.txt"),
        ("C:\\x\\отчёт.PDF", "pdf", "отчёт.pdf"),
        ("a\r\nb\0.txt", "txt", "ab.txt"),
        ("..", "txt", "file.txt"),
        ("v1.2 final report", "pdf", "v1.2 final report.pdf"),
        ("x" * 300 + ".png", "png", "x" * 90 + ".png"),
        ("gp\u202egnp.exe", "png", "gpgnp.png"),
    ],
)
def test_file_names_are_safe(name: str, extension: str, safe: str) -> None:
    assert file_name(name, extension) == safe


def test_a_file_object_is_read() -> None:
    body = (
        b'{"id":"6f0b1291","object":"file","bytes":120000,"created_at":1715768909,"filename":"image.jpg",'
        b'"purpose":"general","access_policy":"private","modalities":["image"]}'
    )
    assert decode_file(body) == StoredFile("6f0b1291", "image.jpg", 120000, 1715768909, "general", "image/jpeg")
    assert decode_files(b'{"data":[' + body + b',{"id":"b"}]}')[1] == StoredFile("b", "", 0, 0)
    assert decode_files(b'{"data":[]}') == ()
    assert decode_deleted(b'{"id":"a","deleted":true,"access_policy":"private"}')
    assert not decode_deleted(b'{"id":"a"}')


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"<html>", b'{"id":1}', b'{"id":"a","bytes":"x"}', b"\xff"])
def test_an_answer_that_is_no_file_is_the_upstreams_fault(body: bytes) -> None:
    with pytest.raises(GatewayError) as caught:
        decode_file(body)
    assert caught.value.problem.kind is Kind.UPSTREAM_FAILED
