"""How the answer's form is asked for: by the model's own mode, by a forced function, or in words.

schema, no native mode   a function whose parameters are the schema, forced; its arguments are the answer
anything beside tools    in words: the native mode breaks next to functions (quirk 32)
JSON object              in words, and an open schema where the mode is native
regular expression       v2's own mode, in words on v1
"""

from typing import Final, NamedTuple, assert_never

import msgspec

from gigamost.core.messages import Message, Text
from gigamost.core.models import Model
from gigamost.core.request import AnyJson, ChatRequest, JsonObject, JsonSchema, PlainText, Regex
from gigamost.core.text import clean_text
from gigamost.protocols.gigachat.functions.schema import reduce_response_schema

JSON_ONLY: Final = "Answer with one JSON object and nothing else: no explanation, no Markdown fence."
BY_SCHEMA: Final = (
    "When you answer without calling a function, answer with one JSON object that fits this JSON Schema:\n"
)
BY_REGEX: Final = (
    "Answer with text that matches this regular expression from its first character to its last, and nothing else: "
    "no explanation, no quotes, no Markdown.\n"
)
_BY_REGEX_BESIDE_TOOLS: Final = "When you answer without calling a function: "


class Asked(NamedTuple):
    """`words` is one more system text; `schema` and `regex` are for the native mode; `forced` is the schema of the
    function whose arguments are the answer."""

    words: str = ""
    schema: JsonObject | None = None
    strict: bool | msgspec.UnsetType = msgspec.UNSET
    regex: str = ""
    forced: JsonObject | None = None

    def added_to(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """The same conversation with one more leading system text, where something has to be said in words."""
        if not self.words:
            return messages
        lead = next((at for at, message in enumerate(messages) if message.role != "system"), len(messages))
        return (*messages[:lead], Message("system", (Text(self.words),)), *messages[lead:])


_NOTHING: Final = Asked()


def ask_for(request: ChatRequest, model: Model, *, has_regex: bool) -> Asked:
    """Raises GatewayError (400) for a schema that no answer can have."""
    if type(request.format) is PlainText:
        return _NOTHING  # the usual request
    native = model.capabilities.structured == "native" and not request.tools
    match request.format:
        case JsonSchema(schema=schema, strict=strict):
            reduced = reduce_response_schema(schema)
            if request.tools:
                return Asked(BY_SCHEMA + msgspec.json.encode(schema).decode())
            return Asked(schema=reduced, strict=strict) if native else Asked(forced=schema)
        case AnyJson():
            return Asked(JSON_ONLY, {"type": "object", "properties": {}} if native else None)
        case Regex(pattern=pattern) if has_regex and not request.tools:
            return Asked(regex=clean_text(pattern))
        case Regex(pattern=pattern):
            return Asked((_BY_REGEX_BESIDE_TOOLS if request.tools else "") + BY_REGEX + clean_text(pattern))
        case PlainText():
            return _NOTHING
        case _:
            assert_never(request.format)
