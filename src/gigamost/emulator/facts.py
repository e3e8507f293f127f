"""What a prompt says that an argument can be made of: quotations, numbers, names and values, JSON."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

_QUOTED = re.compile(r"`([^`]+)`|\"([^\"]+)\"|«([^»]+)»|“([^”]+)”|(?<!\w)'([^']+)'(?!\w)")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w]|\.\d)")
_NAME = r"([A-ZА-ЯЁ][\w-]*(?:\s+[A-ZА-ЯЁ][\w-]*)*)"
_PLACE = re.compile(rf"\b(?:in|at|for|to|from|near|of|by|в|во|на|для|из|про|о|об)\s+{_NAME}")
_PROPER = re.compile(rf"(?<=\s){_NAME}")
_LISTED = re.compile(rf"(?<=\s){_NAME}(?:,\s*{_NAME})*,?\s+(?:and|и)\s+{_NAME}")
_URL = re.compile(r"https?://[^\s\"'<>`]+")
_PATH = re.compile(r"(?<![\w:/])(?:~?/|\./|[A-Za-z]:\\)?[\w.-]*(?:[/\\][\w.-]+)*\.[A-Za-z]\w{0,7}\b")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_WORD = re.compile(r"[^\W_]+")
_AND = r"(?:\s*,\s*(?:and\s+|и\s+)?|\s+(?:and|и)\s+)"
_KEY = r"[\"'`«“]?[^\W\d]\w*[\"'`»”]?"
_QUOTED_KEY = r"[\"'`«“][^\W\d]\w*[\"'`»”]"
_KEYS = re.compile(
    rf"(?i)\b(?:with|со?)\s+(?:the\s+)?(?:keys?|fields?|properties|ключ\w*|пол[ея]\w*)\s*:?\s+({_KEY}(?:{_AND}{_KEY})*)"
    rf"|({_QUOTED_KEY}(?:{_AND}{_QUOTED_KEY})*)\s+(?:keys?|fields?|properties)\b"
)

SEARCHED = 2000  # characters of a prompt that are searched for lists


class Found:
    """Facts of one prompt. What `take_*` gives is not given twice."""

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        self.quoted: list[str] = [next(filter(None, match.groups())) for match in _QUOTED.finditer(prompt)]
        self.numbers = [_number(text) for text in _NUMBER.findall(prompt)]
        self.objects = list(json_objects(prompt))
        self.urls = [url.rstrip(".,;:!?)") for url in _URL.findall(prompt)]
        self.paths: list[str] = _PATH.findall(_URL.sub(" ", prompt))
        self.dates: list[str] = _DATE.findall(prompt)
        self.names: list[str] = list(dict.fromkeys([*_PLACE.findall(prompt), *_PROPER.findall(prompt)]))

    def take_keys(self) -> list[str]:
        """The names of an object's properties, where the prompt asks for "the keys a and b"; they are no quotations."""
        asked = _KEYS.search(self.prompt, 0, SEARCHED)
        names = re.findall(r"[^\W\d]\w*", re.sub(_AND, " ", asked[1] or asked[2])) if asked else []
        self.quoted = [text for text in self.quoted if text not in names]
        return names

    def said(self, name: str) -> str | None:
        """The value of `name=value`, `name: value`, `name is value` or, for a number, `3 name`."""
        spoken = re.escape(name).replace("_", "[_ ]")
        value = r"(?:\"([^\"]*)\"|'([^']*)'|`([^`]*)`|([^\s,;\"'`]+))"
        after = rf"(?<!\w){spoken}\s*(?:=|:|\bis\b|\bto be\b)\s*{value}"
        match = re.search(rf"(?i){after}|(?<![\w.])(-?\d+(?:\.\d+)?)\s+{spoken}(?!\w)", self.prompt)
        if match is None:
            return None
        said = str(next((group for group in match.groups() if group is not None), ""))
        return said.rstrip(".!?") or said

    def in_json(self, name: str) -> Any:
        """The value of a key in a JSON object of the prompt, None when there is none."""
        return next((item[name] for item in self.objects if name in item), None)

    def take_number(self, *, whole: bool) -> int | float | None:
        for number in self.numbers:
            if not whole or number == int(number):
                self.numbers.remove(number)
                return int(number) if whole else number
        return None

    def take_text(self, name: str) -> str | None:
        """The likeliest words for a string of that name: an address, a path, a quotation, a proper name."""
        lists = [self.quoted, self.names]
        if "url" in name or "uri" in name or "link" in name:
            lists = [self.urls, *lists]
        elif "path" in name or "file" in name:
            lists = [self.paths, *lists]
        for candidates in lists:
            if candidates:
                return candidates.pop(0)
        return None


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def apart(prompt: str) -> list[str]:
    """The prompt once for every name of its first list: "rain in Oslo and Rome" as "rain in Oslo", "rain in Rome"."""
    listed = _LISTED.search(prompt, 0, SEARCHED)
    if listed is None:
        return [prompt]
    names = [name for name in re.split(r",\s*|,?\s+(?:and|и)\s+", listed[0]) if name]
    return [prompt[: listed.start()] + name + prompt[listed.end() :] for name in names]


def json_objects(text: str) -> Iterator[dict[str, Any]]:
    """Every outermost JSON object that stands in a text."""
    at = text.find("{")
    while at >= 0:
        end = _balanced(text, at)
        try:
            value: object = msgspec.json.decode(text[at:end]) if end else None
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            value = None
        if isinstance(value, dict):
            yield value
            at = text.find("{", end)
        else:
            at = text.find("{", at + 1)


def _balanced(text: str, start: int) -> int:
    """Where the bracket at `start` closes, 0 when it does not."""
    depth, quoted, escaped = 0, False, False
    for at in range(start, len(text)):
        char = text[at]
        if quoted:
            quoted = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            quoted = True
        else:
            depth += (char == "{") - (char == "}")
            if depth == 0:
                return at + 1
    return 0


def words(text: str) -> list[str]:
    """Lower-case words; camelCase and snake_case come apart."""
    return [word.lower() for word in _WORD.findall(re.sub(r"([a-zа-яё])([A-ZА-ЯЁ])", r"\1 \2", text))]


def is_russian(text: str) -> bool:
    cyrillic = sum("а" <= char <= "я" or char == "ё" for char in text.lower())
    return cyrillic * 2 > sum(char.isalpha() for char in text)
