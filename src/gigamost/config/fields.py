"""The settings' types, read back: which fields a section has, what sets them, what fits them."""

from collections.abc import Iterator
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from gigamost.config.settings import Settings
from gigamost.core.secret import Secret


class Field(msgspec.Struct, frozen=True):
    """One field of a settings struct. `bare` is its type without None and annotations, `constrained` the same with the
    constraints; `part_of` is the struct whose fields a mapping of overrides may have."""

    name: str
    bare: Any  # a type form, which has no type of its own
    constrained: Any
    variables: tuple[str, ...]
    part_of: type[msgspec.Struct] | None
    required: bool

    @property
    def section(self) -> type[msgspec.Struct] | None:
        return self.bare if isinstance(self.bare, type) and issubclass(self.bare, msgspec.Struct) else None

    @property
    def item(self) -> type[msgspec.Struct] | None:
        """The struct that a list has, where the field is a list of structs."""
        arguments = get_args(self.bare)
        if (
            get_origin(self.bare) is tuple
            and isinstance(arguments[0], type)
            and issubclass(arguments[0], msgspec.Struct)
        ):
            return arguments[0]
        return None

    @property
    def row(self) -> "Field | None":
        """What a mapping has for each name, where that is a struct or a secret."""
        arguments = get_args(self.bare)
        if get_origin(self.bare) is not dict or not isinstance(arguments[1], type):
            return None
        is_row = issubclass(arguments[1], (msgspec.Struct, Secret))
        return _field(self.name, arguments[1], required=False) if is_row else None


@cache
def fields_of(struct: type[msgspec.Struct]) -> dict[str, Field]:
    """The fields that can be set, by name."""
    hints = get_type_hints(struct, include_extras=True)
    required = {field.name for field in msgspec.structs.fields(struct) if field.required}
    found = (_field(name, hint, name in required) for name, hint in hints.items())
    return {field.name: field for field in found if field is not None}


def leaves(struct: type[msgspec.Struct] = Settings, prefix: str = "") -> Iterator[tuple[str, Field]]:
    """Every setting that is one value (lists and mappings included), with its dotted path."""
    for field in fields_of(struct).values():
        if field.section is not None:
            yield from leaves(field.section, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}", field


@cache
def paths_by_variable() -> dict[str, str]:
    return {variable: path for path, field in leaves() for variable in field.variables}


def variable_of(path: str) -> str:
    """The environment variable that sets it; the path itself where only a file can."""
    return next((field.variables[0] for at, field in leaves() if at == path and field.variables), path)


def _field(name: str, hint: Any, required: bool) -> Field | None:
    bare, metas = _without_annotations(hint)
    extras = [meta.extra or {} for meta in metas]
    if any(extra.get("derived") for extra in extras):
        return None
    variables = tuple(name for extra in extras for name in extra.get("variables", ()))
    part_of = next((extra["part_of"] for extra in extras if "part_of" in extra), None)
    constraints = [meta for meta in metas if meta.extra is None]
    constrained = Annotated[(bare, *constraints)] if constraints else bare
    return Field(name, bare, constrained, variables, part_of, required)


def _without_annotations(hint: Any) -> tuple[Any, list[msgspec.Meta]]:
    """`Annotated[X, a] | None` and `Annotated[X | None, a]` both become `X, [a]`."""
    metas: list[msgspec.Meta] = []
    while True:
        if get_origin(hint) is Annotated:
            hint, *more = get_args(hint)
            metas += more
        elif get_origin(hint) in (Union, UnionType) and NoneType in get_args(hint):
            hint = next(argument for argument in get_args(hint) if argument is not NoneType)
        else:
            return hint, metas
