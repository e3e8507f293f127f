"""`POST /v1/moderations` of OpenAI (API reference, "Create moderation"), server role.

GigaChat's filter says of a text only whether it is to be refused. That is `flagged`; of the categories nothing is
known, so none is set, and `category_applied_input_types` says of each that it was judged on no input.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gigamost.core.body import BodyReader, Rule
from gigamost.core.codec import Stamp
from gigamost.core.errors import invalid
from gigamost.core.face import Incoming
from gigamost.core.tasks import ModerateRequest, Verdict

DEFAULT_MODEL = "omni-moderation-latest"
MAX_INPUTS = 2048
CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)


class TextInput(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    text: str


class ImageInput(msgspec.Struct, frozen=True, tag_field="type", tag="image_url"):
    image_url: dict[str, Any]


class Moderations(msgspec.Struct, frozen=True):
    """The request body."""

    input: str | list[str | TextInput | ImageInput] = []
    model: str = DEFAULT_MODEL


RULES: Mapping[str, Rule] = {
    "input": Rule("exact", "each text is judged by itself; a list of parts is one input; pictures are refused"),
    "model": Rule("exact", "OpenAI's moderation models stand for the filter of the account"),
}
_reader = BodyReader(Moderations, RULES)


class Exchange:
    """One request (`core.face.ModerateExchange`). Raises GatewayError (400)."""

    def __init__(self, incoming: Incoming) -> None:
        body, ignored = _reader.read(incoming.body)
        self.request = ModerateRequest(body.model, _inputs(body.input), tuple(ignored))

    def encode(self, verdicts: Sequence[Verdict], stamp: Stamp) -> bytes:
        results = [_told(verdict) for verdict in verdicts]
        return msgspec.json.encode({"id": f"modr-{stamp.id}", "model": stamp.model, "results": results})


def _told(verdict: Verdict) -> dict[str, Any]:
    return {
        "flagged": verdict.flagged,
        "categories": dict.fromkeys(CATEGORIES, False),
        "category_scores": dict.fromkeys(CATEGORIES, 0.0),
        "category_applied_input_types": {category: [] for category in CATEGORIES},
    }


def _inputs(given: str | list[str | TextInput | ImageInput]) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    if not given:
        raise invalid("input is missing or empty: send a text or a list of texts.", "input")
    if len(given) > MAX_INPUTS:
        raise invalid(f"input has {len(given)} items, {MAX_INPUTS} are possible: send several requests.", "input")
    texts: list[str] = []
    parts: list[str] = []
    for at, item in enumerate(given):
        match item:
            case str():
                texts.append(item)
            case TextInput(text=text):
                parts.append(text)
            case ImageInput():
                message = f"input[{at}]: GigaChat's filter judges texts only, leave the pictures out."
                raise invalid(message, f"input[{at}]", "unsupported_value")
    if texts and parts:
        raise invalid("input: send either texts or parts, not both in one list.", "input")
    return tuple(texts) or ("\n".join(parts),)
