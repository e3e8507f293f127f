"""The words that exchanges are found by: the same for every store, which gets them ready-made and parts nothing.

A word is a run of letters and digits, in lower case, with е for ё; every other character only parts words. So nothing
that people write or look for is ever syntax of a database.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from gigamost.core.errors import invalid

_WORD: Final = re.compile(r"[^\W_]+")
_LONGEST: Final = 64  # characters of a word; what is longer is found by its beginning
_MOST: Final = 10_000  # different words of one exchange
_CHARACTERS: Final = 400_000  # of one exchange that are looked at
_SOUGHT: Final = 20  # words of one search


def words_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Each once, in their order, of as much as is worth finding."""
    found: set[str] = set()
    left = _CHARACTERS
    for text in texts:
        found.update(word[:_LONGEST] for word in _WORD.findall(_plain(text[:left])))
        left -= len(text)
        if left <= 0 or len(found) >= _MOST:
            break
    return tuple(sorted(found)[:_MOST])


def sought(query: str) -> tuple[str, ...]:
    """The words of a search. Raises GatewayError (400) for one that has none, or too many."""
    found = tuple(dict.fromkeys(word[:_LONGEST] for word in _WORD.findall(_plain(query[:10_000]))))
    if not found:
        raise invalid("q: there is no word in it: letters and digits are looked for, nothing else.", "q")
    if len(found) > _SOUGHT:
        raise invalid(f"q: {len(found)} words are too many: {_SOUGHT} are possible.", "q")
    return found


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
