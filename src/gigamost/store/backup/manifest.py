"""What an archive has, and how rows are written in it: a zip file of text, readable without this program.

tables/<name>.ndjson   a row in each line, a list of values in the order of the manifest's columns; bytes as Base64
secret.key             the root secrets, only where they were asked for
manifest.json          the last member: what the others are, and the SHA-256 of each
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import BigInteger, Boolean, Double, Float, Integer, LargeBinary, String, TableClause, column, table
from sqlalchemy.types import TypeEngine

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
ROOTS: Final = "secret.key"

Kind = Literal["text", "bytes", "integer", "number", "boolean"]
Row = tuple[Any, ...]  # values of the kinds of its columns

_KINDS: Final[Sequence[tuple[type[TypeEngine[Any]], Kind]]] = (
    (Boolean, "boolean"),
    (Integer, "integer"),
    (Float, "number"),
    (LargeBinary, "bytes"),
    (String, "text"),
)
_TYPES: Final[dict[Kind, type[TypeEngine[Any]]]] = {
    "text": String,
    "bytes": LargeBinary,
    "integer": BigInteger,
    "number": Double,
    "boolean": Boolean,
}
_VALUES: Final[dict[Kind, Any]] = {  # type forms, which have no type of their own
    "text": str | None,
    "bytes": bytes | None,
    "integer": int | None,
    "number": float | Literal["inf", "-inf", "nan"] | None,  # JSON has no word for these
    "boolean": bool | None,
}
_encode: Final = msgspec.json.Encoder().encode


class Column(msgspec.Struct, frozen=True):
    name: str
    kind: Kind


class Member(msgspec.Struct, frozen=True):
    """A table: its member of the archive, and what is in that. `size` is bytes of text."""

    table: str
    columns: tuple[Column, ...]
    rows: int
    size: int
    sha256: str

    @property
    def name(self) -> str:
        return member_name(self.table)

    def clause(self) -> TableClause:
        return clause_of(self.table, self.columns)


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`version` is that of the program, `revision` that of the schema. `roots` are the marks of the root secrets
    (`auth.root.mark`), the current one first; `secret` the SHA-256 of the member that has them, "" where none has."""

    format: int = FORMAT
    version: str
    revision: str
    made: str
    roots: tuple[str, ...]
    secret: str = ""
    tables: tuple[Member, ...] = ()

    @property
    def rows(self) -> int:
        return sum(member.rows for member in self.tables)


def member_name(name: str) -> str:
    return f"tables/{name}.ndjson"


def clause_of(name: str, columns: Sequence[Column]) -> TableClause:
    return table(name, *(column(each.name, _TYPES[each.kind]) for each in columns))


def kind_of(type_: TypeEngine[Any]) -> Kind:
    """Raises TypeError for a type that no table has."""
    for known, kind in _KINDS:
        if isinstance(type_, known):
            return kind
    raise TypeError(f"a column of the type {type_} cannot be written into an archive")


def writer(columns: Sequence[Column]) -> Callable[[Row], bytes]:
    """A row as its line."""
    numbers = [at for at, each in enumerate(columns) if each.kind == "number"]

    def write(row: Row) -> bytes:
        unwritable = [at for at in numbers if row[at] is not None and not math.isfinite(row[at])]
        if unwritable:
            row = tuple(str(each) if at in unwritable else each for at, each in enumerate(row))
        return _encode(row) + b"\n"

    return write


def reader(columns: Sequence[Column]) -> Callable[[bytes], dict[str, Any]]:
    """A line as the values of its columns. Raises msgspec.MsgspecError."""
    shape: Any = tuple[tuple(_VALUES[each.kind] for each in columns)]  # type: ignore[misc]  # made at run time
    decode: Callable[[bytes], Iterable[Any]] = msgspec.json.Decoder(shape).decode
    names = [each.name for each in columns]
    numbers = [each.name for each in columns if each.kind == "number"]

    def read(line: bytes) -> dict[str, Any]:
        values = dict(zip(names, decode(line), strict=True))
        for name in numbers:
            if isinstance(values[name], str):
                values[name] = float(values[name])
        return values

    return read
