"""Tool names as GigaChat accepts them, and back (gigachat-api.md 4.4, quirks 13 and 14).

A legal name passes unchanged. Any other becomes a readable legal form and a hash of the name, so the same tool has the
same name in every turn and next to any other tools: the prompt cache depends on it.
"""

import hashlib
import re
from collections.abc import Iterable, Set
from typing import Final

# Names with a meaning of their own to GigaChat: a client's tool of that name would start the built-in one.
BUILTINS: Final = frozenset(
    {
        "code_interpreter",
        "get_datetime",
        "get_file_content",
        "image_generate",
        "memory",
        "model_3d_generate",
        "text2image",
        "text2model3d",
        "text2video",
        "url_content_extraction",
        "web_search",
    }
)
_LENGTH: Final = 64  # no limit is documented; this is what clients of other vendors are used to
_LEGAL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ILLEGAL: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_PREFIX: Final = re.compile(r"^functions?[.:/]")
_HASH: Final = 6  # hex digits, more where they collide
_LATIN: Final = str.maketrans("абвгдеёзийклмнопрстуфыэ", "abvgdeeziyklmnoprstufye", "ъь") | str.maketrans(
    {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "yu", "я": "ya"}
)


class Names:
    """The names of one request's tools, both ways. One to one, whatever the names are."""

    def __init__(self, client_names: Iterable[str], known: "Names | None" = None) -> None:
        self._wire: dict[str, str] = {**known._wire} if known is not None else {}
        self._client: dict[str, str] = {**known._client} if known is not None else {}
        names = set(client_names) - self._wire.keys()
        self._wire |= {name: name for name in names if _is_legal(name) and name not in self._client}
        taken = names | self._client.keys()
        for name in sorted(names - self._wire.keys()):
            self._wire[name] = _readable(name, taken)
            taken.add(self._wire[name])
        self._client = {wire: name for name, wire in self._wire.items()}

    def joined(self, client_names: Iterable[str]) -> "Names":
        """With these names as well; those that are here already stay as they are."""
        return self if self._wire.keys() >= set(client_names) else Names(client_names, self)

    def wire(self, name: str) -> str:
        """What GigaChat calls the tool; a name that is not among the request's is made legal as well."""
        return self._wire.get(name) or (name if _is_legal(name) else _readable(name, self._client.keys()))

    def client(self, wire_name: str) -> str:
        """What the client calls the tool that the model named.

        Models change case and dashes and prefix `functions.`: that is read too where it can mean one tool only. An
        unknown name comes back as it is.
        """
        forms = (wire_name, _PREFIX.sub("", wire_name.strip()))
        for form in forms:
            if form in self._client:
                return self._client[form]
            if form in self._wire:
                return form
        for form in forms:
            alike = {name for pair in self._wire.items() for name in pair if _loose(name) == _loose(form)}
            meant = {self._client.get(name, name) for name in alike}
            if meant:
                return meant.pop() if len(meant) == 1 else wire_name
        return wire_name


def _is_legal(name: str) -> bool:
    return len(name) <= _LENGTH and name not in BUILTINS and _LEGAL.fullmatch(name) is not None


def _readable(name: str, taken: Set[str]) -> str:
    """Latin letters for Cyrillic ones, `_` for the rest, and as much of the hash as makes it unique."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    words = _ILLEGAL.sub("_", name.casefold().translate(_LATIN) if not name.isascii() else name).strip("_.-")
    if not words or words[0].isdigit():
        words = f"tool_{words}".rstrip("_")
    for length in range(_HASH, len(digest) - 6):
        wire = f"{words[: _LENGTH - 1 - length]}_{digest[:length]}"
        if wire not in taken:
            return wire
    raise AssertionError("two names have the same SHA-256")


def _loose(name: str) -> str:
    return re.sub(r"[-. ]", "_", name.strip().casefold())
