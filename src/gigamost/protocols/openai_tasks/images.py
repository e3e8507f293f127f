"""`POST /v1/images/generations` of OpenAI (API reference, "Create image"), server role."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gigamost.core.body import BodyReader, Rule
from gigamost.core.codec import Stamp
from gigamost.core.errors import invalid
from gigamost.core.face import Incoming
from gigamost.core.messages import Inline, Media
from gigamost.core.tasks import ImageRequest

JsonObject = dict[str, Any]


class Images(msgspec.Struct, frozen=True):
    """The request body."""

    prompt: Annotated[str, Meta(max_length=32_000)] = ""
    background: str | UnsetType = UNSET
    complexity: str | UnsetType = UNSET
    frame_count: int | UnsetType = UNSET
    frame_duration_ms: int | UnsetType = UNSET
    model: str | UnsetType = UNSET
    moderation: str | UnsetType = UNSET
    n: Annotated[int, Meta(ge=1, le=10)] | UnsetType = UNSET
    output_compression: int | UnsetType = UNSET
    output_format: Literal["png", "webp", "jpeg", "gif", "svg"] | UnsetType = UNSET
    partial_images: int | UnsetType = UNSET
    quality: str | UnsetType = UNSET
    response_format: Literal["url", "b64_json"] | UnsetType = UNSET
    safety_identifier: str | UnsetType = UNSET
    size: str | UnsetType = UNSET
    stream: bool | UnsetType = UNSET
    style: str | UnsetType = UNSET
    svg: JsonObject | UnsetType = UNSET
    user: str | UnsetType = UNSET


_NO_MODE = "GigaChat has no such setting; what matters can be said in the prompt"
RULES: Mapping[str, Rule] = {
    "prompt": Rule("exact", "drawn by the built-in function text2image of a chat model"),
    "background": Rule("ignored", _NO_MODE, ("auto",)),
    "complexity": Rule("ignored", _NO_MODE),
    "frame_count": Rule("ignored", "only for GIF, which is refused"),
    "frame_duration_ms": Rule("ignored", "only for GIF, which is refused"),
    "model": Rule("exact", "a chat model; OpenAI's image models stand for the default one"),
    "moderation": Rule("ignored", "GigaChat's own filter decides", ("auto",)),
    "n": Rule("refused", "GigaChat draws one picture per request; send n=1 and repeat the request.", (1,)),
    "output_compression": Rule("ignored", _NO_MODE),
    "output_format": Rule("emulated", "jpeg is what GigaChat draws; png and webp are listed, gif and svg refused"),
    "partial_images": Rule("ignored", "belongs to streaming", (0,)),
    "quality": Rule("ignored", _NO_MODE, ("auto",)),
    "response_format": Rule("emulated", "b64_json by default; url gives a data: URL and is listed"),
    "safety_identifier": Rule("exact", "sent as X-Client-ID, hashed"),
    "size": Rule("ignored", _NO_MODE, ("auto",)),
    "stream": Rule("refused", "a picture comes in one piece; send false or leave it out.", (False,)),
    "style": Rule("ignored", _NO_MODE),
    "svg": Rule("ignored", "only for SVG, which is refused"),
    "user": Rule("exact", "sent as X-Client-ID, hashed, when safety_identifier is not given"),
}
_FORMATS = {"image/jpeg": "jpeg", "image/png": "png", "image/webp": "webp"}
_reader = BodyReader(Images, RULES)


class Exchange:
    """One request (`core.face.ImageExchange`). Raises GatewayError (400)."""

    def __init__(self, incoming: Incoming) -> None:
        body, ignored = _reader.read(incoming.body)
        if not body.prompt.strip():
            raise invalid("prompt is missing or empty: describe the picture.", "prompt")
        if body.output_format in ("gif", "svg"):
            raise invalid("output_format: GigaChat draws JPEG pictures, no GIF or SVG.", "output_format")
        if body.output_format in ("png", "webp"):
            ignored.append("output_format")
        self._wants_url = body.response_format == "url"
        if self._wants_url:  # half honoured: clients that fetch a URL over HTTP cannot use it
            ignored.append("response_format")
        user = body.safety_identifier or body.user or ""
        model = body.model or incoming.path.get("model", "")
        self.request = ImageRequest(model, body.prompt, user, tuple(ignored))

    def encode(self, images: Sequence[Media], stamp: Stamp) -> bytes:
        """`output_format` says what the pictures are, whatever was asked for."""
        answer: dict[str, Any] = {"created": stamp.created, "data": [self._told(image) for image in images]}
        formats = {_FORMATS.get(image.mime) for image in images}
        if len(formats) == 1 and None not in formats:
            answer["output_format"] = formats.pop()
        return msgspec.json.encode(answer)

    def _told(self, image: Media) -> dict[str, str]:
        if not isinstance(image.source, Inline):
            raise TypeError(f"{type(image.source).__name__} reached a client: pictures are downloaded before")
        data = b64encode(image.source.data).decode("ascii")
        return {"url": f"data:{image.mime};base64,{data}"} if self._wants_url else {"b64_json": data}
