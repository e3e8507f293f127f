"""Pictures on their way to GigaChat: what it reads is untouched, the rest becomes PNG or JPEG under the limit."""

import io
import os
import subprocess
import sys

import pillow_heif
import pytest
from PIL import Image

from gigamost.core.errors import GatewayError, Kind
from gigamost.pipeline.pictures import convert
from gigamost.protocols.gigachat.files import sniff


def picture(form: str, size: tuple[int, int] = (40, 20), mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, (200, 30, 30, 128)[: len(mode)]).save(out, form, **options)
    return out.getvalue()


def heic() -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 48), "green")).save(out, format="HEIF")
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "BMP"])
def test_what_gigachat_reads_is_byte_identical(form: str) -> None:
    data = picture(form)
    assert convert(data, sniff(data)) == (data, sniff(data))


@pytest.mark.parametrize("form", ["WEBP", "GIF", "AVIF", "ICO", "JPEG2000", "PPM"])
def test_other_formats_become_jpeg(form: str) -> None:
    data = picture(form)
    converted, mime = convert(data, sniff(data))
    assert (mime, sniff(converted)) == ("image/jpeg", "image/jpeg")
    assert opened(converted).size == opened(data).size


def test_heic_becomes_jpeg() -> None:
    data = heic()
    converted, mime = convert(data, sniff(data))
    assert mime == "image/jpeg"
    red, green, _ = opened(converted).convert("RGB").resize((1, 1)).getpixel((0, 0))  # type: ignore[misc] # a tuple in RGB
    assert green > red


@pytest.mark.parametrize("form", ["WEBP", "AVIF"])
def test_transparency_makes_it_png(form: str) -> None:
    data = picture(form, mode="RGBA")
    converted, mime = convert(data, sniff(data))
    assert mime == "image/png"
    assert opened(converted).mode == "RGBA"


def test_a_transparent_gif_makes_it_png() -> None:
    out = io.BytesIO()
    Image.new("P", (4, 4), 0).save(out, "GIF", transparency=0)
    assert convert(out.getvalue(), "image/gif")[1] == "image/png"


def test_the_first_frame_is_taken() -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    converted, _ = convert(out.getvalue(), "image/gif")
    pixel = opened(converted).convert("RGB").getpixel((4, 4))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 200
    assert pixel[2] < 60


def test_the_camera_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees
    data = picture("WEBP", (40, 20), exif=exif.tobytes())
    converted, _ = convert(data, "image/webp")
    assert opened(converted).size == (20, 40)
    assert opened(converted).getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize(("mode", "form"), [("RGB", "PNG"), ("RGBA", "PNG"), ("RGB", "BMP")])
def test_too_many_bytes_make_it_smaller(mode: str, form: str) -> None:
    out = io.BytesIO()
    Image.frombytes(mode, (300, 200), os.urandom(300 * 200 * len(mode))).save(out, form)
    data = out.getvalue()
    converted, mime = convert(data, sniff(data), limit=20_000)
    assert len(converted) <= 20_000
    assert sniff(converted) == mime == ("image/png" if mode == "RGBA" else "image/jpeg")
    width, height = opened(converted).size
    assert width / height == pytest.approx(1.5, rel=0.1)


def test_a_decompression_bomb_is_refused_by_its_head() -> None:
    bomb = bytearray(picture("GIF"))
    bomb[6:10] = b"\xff\xff\xff\xff"  # 65535 x 65535
    with pytest.raises(GatewayError) as caught:
        convert(bytes(bomb), "image/gif")
    assert caught.value.problem.kind is Kind.TOO_LARGE


def outcome(data: bytes, mime: str, limit: int) -> int | str:
    try:
        return sniff(convert(data, mime, limit)[0])
    except GatewayError as error:
        return error.problem.status


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # it warns of broken metadata and reads on
@pytest.mark.parametrize("form", ["WEBP", "GIF", "AVIF", "JPEG2000", "ICO", "TIFF"])
def test_broken_files_are_refused(form: str) -> None:
    data = picture(form, (64, 64))
    limit = 10 if form == "TIFF" else 15_000_000  # so that it must be decoded
    for length in range(12, len(data), max(1, len(data) // 40)):
        cut = data[:length]
        assert outcome(cut, sniff(data), limit) in (400, "image/jpeg")


@pytest.mark.parametrize("data", [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", b"<svg/>", b"\0" * 100, b"x"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(GatewayError) as caught:
        convert(data, sniff(data))
    assert caught.value.problem.kind is Kind.INVALID_REQUEST


@pytest.mark.parametrize(("missing", "mime"), [("PIL", "image/webp"), ("pillow_heif", "image/heic")])
def test_without_the_extra_the_message_names_it(missing: str, mime: str) -> None:
    script = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from gigamost.core.errors import GatewayError\n"
        "from gigamost.pipeline.pictures import convert\n"
        "assert convert(b'PNG', 'image/png') == (b'PNG', 'image/png')\n"
        f"try: convert(b'x', {mime!r})\n"
        "except GatewayError as error: print(error.problem.status, error.problem.message)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("400 ")
    assert "pip install 'gigamost[images]'" in done.stdout
