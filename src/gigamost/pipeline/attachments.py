"""What GigaChat takes as an attachment: its documented limits. A refusal is a 400 or 413 that names the field, what is
wrong with it and what to do."""

from collections.abc import Iterable, Mapping, Sequence

from gigamost.core.errors import GatewayError, Kind, invalid
from gigamost.core.messages import MediaKind
from gigamost.core.models import Model
from gigamost.protocols.gigachat.files import ACCEPTED, MAX_BYTES, MAX_IMAGES, MAX_MEDIA_BYTES, Modality

KINDS: Mapping[Modality, MediaKind] = {"image": "image", "audio": "audio", "text": "document"}
_NOUNS: Mapping[MediaKind, str] = {"image": "images", "audio": "audio", "video": "video", "model3d": "3D models"}


def check_model(model: Model, kind: MediaKind, models: Iterable[Model], param: str) -> None:
    """Raises GatewayError (400) when the model cannot take this kind; it names those of the same upstream that can."""
    if kind in ("video", "model3d"):
        raise invalid(f"{param}: GigaChat takes images, audio and documents, no {_NOUNS[kind]}.", param)
    if _takes(model, kind):
        return
    able = sorted({other.id for other in models if other.upstream == model.upstream and _takes(other, kind)})
    instead = f"Models that do: {', '.join(able)}." if able else "No model of this upstream does."
    raise invalid(f"{param}: the model {model.id} takes no {_NOUNS[kind]}. {instead}", param)


def _takes(model: Model, kind: MediaKind) -> bool:
    match kind:
        case "image":
            return model.kind == "chat" and model.capabilities.vision
        case "audio":
            return model.kind == "chat" and model.capabilities.audio
        case _:
            return True


def modality_of(kind: MediaKind, data: bytes, mime: str, param: str) -> Modality:
    """What the bytes count as. `kind` is what the client meant, `mime` what the bytes are, "" when not recognised.

    A recognised type wins over what the client meant; bytes that are merely readable as text are a document only where
    a document was meant: an SVG or an error page is no picture. Raises GatewayError (400, 413).
    """
    if not data:
        raise invalid(f"{param}: the data is empty.", param)
    if mime.startswith("image/") or (kind == "image" and not mime):
        return "image"  # what GigaChat does not read is converted, and what is too big made smaller
    accepted = ACCEPTED.get(mime)
    if accepted is None or (mime == "text/plain" and kind != "document"):
        formats = ", ".join(each.extension for each in ACCEPTED.values())
        what = mime or "of a format that is not recognised (a text must be UTF-8)"
        raise invalid(f"{param}: the data is {what}, which cannot stand here. GigaChat takes {formats}.", param)
    limit = MAX_BYTES[accepted.modality]
    if len(data) > limit:
        message = f"{param}: {len(data)} bytes are over GigaChat's limit for {accepted.modality}, {limit} bytes."
        raise GatewayError(Kind.TOO_LARGE, message, param=param)
    return accepted.modality


def check_totals(kinds: Sequence[MediaKind], sizes: Iterable[int] = (), *, param: str = "messages") -> None:
    """The limits of a whole request; `sizes` in bytes as uploaded. Raises GatewayError (400, 413)."""
    images = kinds.count("image")
    if images > MAX_IMAGES:
        message = f"The request has {images} images, GigaChat takes {MAX_IMAGES} in all messages: leave out older ones."
        raise invalid(message, param)
    size = sum(size for kind, size in zip(kinds, sizes, strict=False) if kind != "document")
    if size >= MAX_MEDIA_BYTES:
        message = f"Images and audio have {size} bytes together, GigaChat takes less than {MAX_MEDIA_BYTES}."
        raise GatewayError(Kind.TOO_LARGE, message, param=param)
