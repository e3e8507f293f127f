"""Is a text in the form that the client wanted, and what of it is?"""

import re
from typing import Final, TypeGuard, assert_never

from gigamost.core.request import AnyJson, Format, JsonSchema, PlainText, Regex
from gigamost.core.schema import check, check_pattern, match_whole, validate

Shaped = AnyJson | JsonSchema | Regex
_ANY_OBJECT: Final = {"type": "object"}
_FENCE: Final = re.compile(r"```[^\n`]*\n(.*?)\n?```", re.DOTALL)
_QUOTES: Final = ('""', "``", "«»", "“”")


def check_format(wanted: Format, param: str) -> None:
    """Raises GatewayError (400, naming `param`) when no answer can be checked against it: to be asked before anything
    is paid for."""
    match wanted:
        case JsonSchema(schema=schema):
            check(schema, param=param)
        case Regex(pattern=pattern):
            check_pattern(pattern, param=param)
        case AnyJson() | PlainText():
            pass
        case _:
            assert_never(wanted)


def why_unfit(text: str, wanted: Shaped) -> str | None:
    """None when the text is in the wanted form, else one sentence."""
    match wanted:
        case Regex(pattern=pattern):
            return match_whole(text, pattern)
        case JsonSchema(schema=schema):
            return validate(text, schema)
        case AnyJson():
            return validate(text, _ANY_OBJECT)
        case _:
            assert_never(wanted)


def must_fit(wanted: Format) -> TypeGuard[JsonSchema | Regex]:
    """Whether an answer that does not fit is an error, rather than the best there is."""
    return isinstance(wanted, Regex) or (isinstance(wanted, JsonSchema) and wanted.strict)


def unfit(wanted: Shaped, why: str) -> str:
    """The message for a client."""
    what = "regular expression" if isinstance(wanted, Regex) else "schema"
    return f"The model's answer does not fit the {what} of the request: {why}."


def bared(text: str, wanted: Shaped) -> str:
    """The text without what models put around it."""
    return _unquoted(text) if isinstance(wanted, Regex) else unfenced(text)


def unfenced(text: str) -> str:
    """The JSON inside a Markdown fence or between words: from the first bracket to the last one that matches."""
    starts = [at for bracket in "{[" if (at := text.find(bracket)) >= 0]
    if not starts:
        return text
    start = min(starts)
    end = text.rfind("}" if text[start] == "{" else "]")
    return text[start : end + 1] if end > start else text


def _unquoted(text: str) -> str:
    """The value inside spaces, a Markdown fence and quotes."""
    bare = text.strip()
    fenced = _FENCE.fullmatch(bare)
    bare = fenced[1].strip() if fenced is not None else bare
    return bare[1:-1] if len(bare) > 1 and bare[0] + bare[-1] in _QUOTES else bare
