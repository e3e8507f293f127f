"""Makes pictures that GigaChat accepts: what it does not read becomes PNG (with transparency) or JPEG, what is too big
becomes smaller, everything else stays as it is, byte for byte. CPU work: call it in a thread."""

import struct
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

from gigamost.core.errors import GatewayError, Kind, invalid
from gigamost.protocols.gigachat.files import ACCEPTED, MAX_BYTES

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

# A decoded pixel takes 4 bytes: a picture of this size, a phone's largest, takes 200 MB.
MAX_PIXELS = 50_000_000
# Raster formats alone: Pillow also reads some that start other programs (EPS) or are none (MPEG, HDF5).
_FORMATS = ("AVIF", "BMP", "GIF", "HEIF", "ICO", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TGA", "TIFF", "WEBP")
# What Pillow and its decoders raise for broken files.
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, RuntimeError, struct.error, zlib.error)
_SHRINK = 0.7
_QUALITY = 90


def convert(data: bytes, mime: str, limit: int = MAX_BYTES["image"]) -> tuple[bytes, str]:
    """The picture and its media type as they may be uploaded: at most `limit` bytes, upright, the first frame.

    `mime` is what the bytes are (`files.sniff`), "" when unknown. Raises GatewayError: 400 for what is no picture or
    cannot be converted here, 413 for more than 50 million pixels.
    """
    accepted = ACCEPTED.get(mime)
    if accepted is not None and accepted.modality == "image" and len(data) <= limit:
        return data, mime
    try:
        from PIL import Image
    except ImportError:
        raise invalid(
            f"the picture ({mime or 'format unknown'}, {len(data)} bytes) must be converted for GigaChat, and this "
            "gateway cannot: send a JPEG or PNG below 15 MB, or let the operator run: pip install 'gigamost[images]'"
        ) from None
    formats = _readable(with_heif=mime == "image/heic")
    try:
        with Image.open(BytesIO(data), formats=formats) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise _too_many_pixels()
            return _encode(_upright(picture), limit)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except _BROKEN as why:
        raise GatewayError(
            Kind.INVALID_REQUEST,
            "the data is not a picture that can be read (JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC, AVIF).",
            detail=f"{type(why).__name__}: {why}",
        ) from None


def _readable(*, with_heif: bool) -> tuple[str, ...]:
    from PIL import Image

    if with_heif:
        try:
            from pillow_heif import register_heif_opener
        except ImportError:
            raise invalid(
                "the picture is HEIC, which this gateway cannot convert: send a JPEG or PNG, or let the operator run: "
                "pip install 'gigamost[images]'"
            ) from None
        register_heif_opener()
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _upright(picture: "Picture") -> "Picture":
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(picture)
    return upright.convert("RGBA" if upright.has_transparency_data else "RGB")


def _encode(picture: "Picture", limit: int) -> tuple[bytes, str]:
    transparent = picture.mode == "RGBA"
    while True:
        out = BytesIO()
        if transparent:
            picture.save(out, "PNG")
        else:
            picture.save(out, "JPEG", quality=_QUALITY)
        if out.tell() <= limit or max(picture.size) == 1:
            return out.getvalue(), "image/png" if transparent else "image/jpeg"
        picture = picture.resize((max(1, int(picture.width * _SHRINK)), max(1, int(picture.height * _SHRINK))))


def _too_many_pixels() -> GatewayError:
    message = f"the picture has more than {MAX_PIXELS // 1_000_000} million pixels: send a smaller one."
    return GatewayError(Kind.TOO_LARGE, message)
