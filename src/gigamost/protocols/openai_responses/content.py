"""The parts of a message or of a tool's output to core values, each error with the path of its field."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from gigamost.core.body import misfit
from gigamost.core.dataurl import decode_base64, decode_data_url, source_of
from gigamost.core.errors import invalid
from gigamost.core.messages import ClientFile, Inline, Media, MediaKind, Text
from gigamost.protocols.openai_responses import wire

JsonObject = dict[str, Any]
Shape = TypeVar("Shape", bound=msgspec.Struct)
Lost = Callable[[str], None]  # takes the name of what is said in vain


def convert(raw: JsonObject, shape: type[Shape], path: str) -> Shape:
    """Raises GatewayError (400) naming `path...`."""
    try:
        return msgspec.convert(raw, shape)
    except msgspec.ValidationError as error:
        raise misfit(error, path) from None


def read_content(content: wire.Content, path: str, lost: Lost, *, text_only: bool = False) -> tuple[Text | Media, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return tuple(_part(part, f"{path}[{at}]", lost, text_only) for at, part in enumerate(content))


def _part(raw: JsonObject, path: str, lost: Lost, text_only: bool) -> Text | Media:
    kind = raw.get("type")
    read = _PARTS.get(kind) if isinstance(kind, str) else None
    if read is None:
        known = ", ".join(_PARTS)
        raise invalid(f"{path}.type is {str(kind)[:80]!r}: send one of {known}.", f"{path}.type")
    if raw.get("prompt_cache_breakpoint") is not None:
        lost("input.content.prompt_cache_breakpoint")
    part = read(raw, path, lost)
    if text_only and isinstance(part, Media):
        raise invalid(f"{path}: only a user's message or a tool's output may hold images, audio or files.", path)
    return part


def _text(raw: JsonObject, path: str, lost: Lost) -> Text:
    return Text(convert(raw, wire.TextPart, path).text)


def _refusal(raw: JsonObject, path: str, lost: Lost) -> Text:
    return Text(convert(raw, wire.RefusalPart, path).refusal)


def _image(raw: JsonObject, path: str, lost: Lost) -> Media:
    image = convert(raw, wire.ImagePart, path)
    if image.detail not in (None, "auto"):
        lost("input.content.detail")
    if image.image_url:
        mime, source = source_of(image.image_url, f"{path}.image_url")
        return Media("image", source, mime, place=path)
    if image.file_id:
        return Media("image", ClientFile(image.file_id), place=path)
    raise invalid(f"{path} needs image_url or file_id.", path)


def _audio(raw: JsonObject, path: str, lost: Lost) -> Media:
    audio = convert(raw, wire.AudioPart, path).input_audio
    data = decode_base64(audio.data, f"{path}.input_audio.data")
    return Media("audio", Inline(data), f"audio/{audio.format}" if audio.format else "", place=path)


def _file(raw: JsonObject, path: str, lost: Lost) -> Media:
    file = convert(raw, wire.FilePart, path)
    if file.detail not in (None, "auto"):
        lost("input.content.detail")
    name = file.filename or ""
    if file.file_id:
        return Media("document", ClientFile(file.file_id), "", name, path)
    if file.file_url:
        mime, source = source_of(file.file_url, f"{path}.file_url")
        return Media(_kind_of(mime), source, mime, name, path)
    if not file.file_data:
        raise invalid(f"{path} needs file_data, file_url or file_id.", path)
    if file.file_data[:5].lower() == "data:":
        mime, data = decode_data_url(file.file_data, f"{path}.file_data")
    else:
        mime, data = "", decode_base64(file.file_data, f"{path}.file_data")
    return Media(_kind_of(mime), Inline(data), mime, name, path)


def _kind_of(mime: str) -> MediaKind:
    if mime.startswith("image/"):
        return "image"
    return "audio" if mime.startswith("audio/") else "document"


# `text` and `summary_text` stand in items of the conversations API; some clients send `text` to this one too.
_PARTS: Final[Mapping[str, Callable[[JsonObject, str, Lost], Text | Media]]] = {
    "input_text": _text,
    "output_text": _text,
    "text": _text,
    "summary_text": _text,
    "refusal": _refusal,
    "input_image": _image,
    "computer_screenshot": _image,
    "input_file": _file,
    "input_audio": _audio,
}
