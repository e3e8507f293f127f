"""`generationConfig`: how an answer is to be made and what form it has."""

from typing import Any, Literal, NamedTuple

from gigamost.core.body import BodyReader
from gigamost.core.errors import GatewayError, invalid
from gigamost.core.request import AnyJson, Effort, Format, JsonObject, JsonSchema, PlainText
from gigamost.core.schema.keywords import options_of, types_of
from gigamost.protocols.gemini import wire
from gigamost.protocols.gemini.rules import CONFIG_RULES
from gigamost.protocols.gemini.schema import json_schema

PATH = "generationConfig"
VALUE = "value"  # the property that holds an answer whose schema is no object
Unwrap = Literal["", "json", "text"]
_LEVELS: dict[str, Effort] = {"MINIMAL": "minimal", "LOW": "low", "MEDIUM": "medium", "HIGH": "high", "XHIGH": "xhigh"}
# Thinking budgets in tokens, up to which each effort goes; Gemini's own default range ends at 24576.
_BUDGETS: tuple[tuple[int, Effort], ...] = ((0, "none"), (1024, "low"), (8192, "medium"))
_reader = BodyReader(wire.GenerationConfig, CONFIG_RULES)


def read_config(raw: bytes, ignored: list[str]) -> wire.GenerationConfig:
    """Raises GatewayError (400) naming `generationConfig.<field>`."""
    try:
        config, lost = _reader.read(raw)
    except GatewayError as error:
        problem = error.problem
        if problem.param is None:
            raise invalid(f"{PATH}: {problem.message}", PATH, problem.code) from None
        raise invalid(f"{PATH}.{problem.message}", f"{PATH}.{problem.param}", problem.code) from None
    ignored += (f"{PATH}.{name}" for name in lost)
    return config


class Effortful(NamedTuple):
    """`spelled` is the field that says it."""

    effort: Effort | None
    spelled: str


def effort_of(thinking: wire.ThinkingConfig) -> Effortful:
    level, budget = (thinking.thinking_level or "").upper(), thinking.thinking_budget
    place = f"{PATH}.thinkingConfig.thinkingLevel"
    if level and level != "THINKING_LEVEL_UNSPECIFIED":
        if level not in _LEVELS:
            raise invalid(f"{place} must be one of {', '.join(_LEVELS)}.", place)
        return Effortful(_LEVELS[level], place)
    place = f"{PATH}.thinkingConfig.thinkingBudget"
    if budget is None or budget < 0:  # -1: the model decides
        return Effortful(None, place)
    return Effortful(next((effort for most, effort in _BUDGETS if budget <= most), "high"), place)


def wants_image(modalities: list[str]) -> tuple[bool, bool]:
    """Whether pictures may stand in the answer, and whether nothing else may. Raises GatewayError (400)."""
    asked = {modality.upper() for modality in modalities} - {"MODALITY_UNSPECIFIED"}
    if asked - {"TEXT", "IMAGE"}:
        place = f"{PATH}.responseModalities"
        message = f'{place}: GigaChat answers with text and pictures, send ["TEXT"], ["TEXT", "IMAGE"] or leave it out.'
        raise invalid(message, place, "unsupported_value")
    return "IMAGE" in asked, asked == {"IMAGE"}


def format_of(config: wire.GenerationConfig) -> tuple[Format, Unwrap]:
    """The form of the answer, and how it comes out of the object that the gateway put around its schema.

    Raises GatewayError (400).
    """
    schema, place = _schema(config)
    match config.response_mime_type.lower():
        case "text/x.enum":
            if schema is None or options_of(schema) is None:
                place = f"{PATH}.responseSchema"
                raise invalid(f"{place} must have an enum for responseMimeType text/x.enum.", place)
            return _wrapped(schema), "text"
        case "text/plain" if schema is not None:
            raise invalid(f"{place} needs responseMimeType application/json.", place)
        case "" if schema is None:
            return PlainText(), ""
        case "text/plain":
            return PlainText(), ""
        case "application/json" | "":
            if not schema:
                return AnyJson(), ""
            return (JsonSchema(schema, strict=True), "") if _is_object(schema) else (_wrapped(schema), "json")
        case _:
            message = f"{PATH}.responseMimeType must be text/plain, application/json or text/x.enum."
            raise invalid(message, f"{PATH}.responseMimeType")


def schema_field(config: wire.GenerationConfig) -> str:
    """Where the client wrote the schema of the answer."""
    return f"{PATH}.responseSchema" if config.response_json_schema is None else f"{PATH}.responseJsonSchema"


def _schema(config: wire.GenerationConfig) -> tuple[JsonObject | None, str]:
    place = schema_field(config)
    plain: Any = config.response_json_schema
    if plain is not None:
        if not isinstance(plain, dict):
            raise invalid(f"{place} must be an object.", place)
        return plain, place
    return (json_schema(config.response_schema, place) if config.response_schema is not None else None), place


def _is_object(schema: JsonObject) -> bool:
    """A reference or a combination at the top is taken for an object: it cannot be moved without breaking it."""
    return types_of(schema) == ("object",) or any(word in schema for word in ("properties", "$ref", "allOf"))


def _wrapped(schema: JsonObject) -> JsonSchema:
    """GigaChat's answer is always an object. Definitions stay at the top, where references look for them."""
    inner = dict(schema)
    kept: JsonObject = {word: inner.pop(word) for word in ("$schema", "$defs", "definitions") if word in inner}
    outer: JsonObject = {**kept, "type": "object", "properties": {VALUE: inner}, "required": [VALUE]}
    return JsonSchema(outer, strict=True)
