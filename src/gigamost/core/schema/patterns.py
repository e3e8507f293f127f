"""Does this text match that regular expression as a whole? Answered by the schema's validator, which is bounded.

The expression is read as JSON Schema's are (ECMA-262), but for `\\w`, which is any letter.
"""

import re
from typing import Final

import msgspec

from gigamost.core.request import JsonObject
from gigamost.core.schema.validation import check, validate
from gigamost.core.text import clean_text

_PIECE: Final = re.compile(r"\\.|[\[\]]|[^\\\[\]]+", re.DOTALL)
_LETTERS: Final = r"\p{L}\p{M}\p{N}_"
_SHOWN: Final = 200  # characters of an expression that an error repeats
_UNDECIDED: Final = "Error executing regex"


def check_pattern(pattern: str, *, param: str | None = None) -> None:
    """Raises GatewayError (400, naming `param`) when the expression itself is wrong, or too large to be checked."""
    check(_schema(pattern), param=param)


def match_whole(text: str, pattern: str) -> str | None:
    """None when the text matches, else one sentence. An expression that would take unreasonable work is taken as
    matched. Raises GatewayError (400) for a wrong expression."""
    why = validate(msgspec.json.encode(clean_text(text)).decode(), _schema(pattern))
    if why is None or _UNDECIDED in why:
        return None
    shown = pattern if len(pattern) <= _SHOWN else f"{pattern[:_SHOWN]}..."
    return f"The answer does not match the regular expression {shown} as a whole"


def _schema(pattern: str) -> JsonObject:
    return {"type": "string", "pattern": f"^(?:{_with_letters(pattern)})$"}


def _with_letters(pattern: str) -> str:
    if r"\w" not in pattern:
        return pattern
    out: list[str] = []
    in_class = False
    for piece in _PIECE.findall(pattern):
        if piece in ("[", "]"):
            in_class = piece == "["
        letters = _LETTERS if in_class else f"[{_LETTERS}]"
        out.append(letters if piece == r"\w" else piece)
    return "".join(out)
