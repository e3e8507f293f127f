"""A tree of raw values into typed settings: every misfit and every unknown key is collected, none stops the rest."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from gigamost.config.convert import MisfitError, convert, expand
from gigamost.config.fields import Field, fields_of, leaves
from gigamost.config.origin import Node, Origin, Raw, nearest
from gigamost.core.secret import Secret

Section = TypeVar("Section", bound=msgspec.Struct)


class Builder:
    """`problems` has a line for each misfit, `origins` the source of each value by its path. `look_up` finds what a
    `${NAME}` refers to. A value that does not fit is left at its default, so that the checks can go on."""

    def __init__(self, look_up: Callable[[str], str | None]) -> None:
        self.problems: list[str] = []
        self.origins: dict[str, Origin] = {}
        self._look_up = look_up

    def section(self, struct: type[Section], node: Node, path: str = "") -> Section | None:
        """None when something that has no default is missing."""
        if not isinstance(node.value, dict):
            self.problems.append(f"{node.origin} is one value, wanted a mapping of settings")
            return None
        fields = fields_of(struct)
        values = {}
        for name, given in node.value.items():
            if name not in fields:
                self.problems.append(f"{given.origin}: there is no such setting{_suggestion(name, fields)}")
            elif given.value is not None:
                values[name] = self._value(fields[name], given, f"{path}.{name}" if path else name)
        missing = [name for name, field in fields.items() if field.required and name not in values]
        self.problems += [f"{node.origin} has no {name}" for name in missing]
        fitting = {name: value for name, value in values.items() if value is not None}
        return (
            struct(**fitting) if all(not field.required or field.name in fitting for field in fields.values()) else None
        )

    def _value(self, field: Field, node: Node, path: str) -> Any:  # of the field's type, None when it does not fit
        if field.section is not None:
            return self.section(field.section, node, path)
        self.origins[path] = node.origin
        try:
            if field.item is not None:
                return self._items(field.item, node, path)
            if field.part_of is not None:
                return self._overrides(field.part_of, node, path)
            if field.row is not None:
                return self._rows(field.row, node, path)
            if field.bare == dict[str, str]:
                return self._names(node)
            return convert(self._expanded(node, field), field)
        except MisfitError as misfit:
            self.problems.append(f"{node.origin} {misfit}")
            return None

    def _expanded(self, node: Node, field: Field) -> Node:
        if field.bare is Secret:
            return expand(node, self._look_up)
        if field.bare == tuple[Secret, ...] and isinstance(node.value, list):
            return Node([expand(each, self._look_up) for each in node.value], node.origin)
        return node

    def _items(self, struct: type[msgspec.Struct], node: Node, path: str) -> tuple[msgspec.Struct, ...]:
        if not isinstance(node.value, list):
            raise MisfitError("is not a list")
        built = [self.section(struct, item, f"{path}[{i}]") for i, item in enumerate(node.value)]
        return tuple(item for item in built if item is not None)

    def _rows(self, field: Field, node: Node, path: str) -> dict[str, Any]:
        """A row of nothing has every default."""
        if not isinstance(node.value, dict):
            raise MisfitError("is not a mapping")
        empty: Raw = {}
        given = {name: Node(empty, row.origin) if row.value is None else row for name, row in node.value.items()}
        built = {name: self._value(field, row, f"{path}.{name}") for name, row in given.items()}
        return {name: row for name, row in built.items() if row is not None}

    def _names(self, node: Node) -> dict[str, str]:
        if not isinstance(node.value, dict):
            raise MisfitError("is not a mapping")
        names = {}
        for name, target in node.value.items():
            if isinstance(target.value, str) and target.value:
                names[name] = target.value
            else:
                self.problems.append(f"{target.origin} is not the name of a model")
        return names

    def _overrides(self, struct: type[msgspec.Struct], node: Node, path: str) -> dict[str, dict[str, Any]]:
        """Some fields of a struct for each name. The struct is built only to check them."""
        if not isinstance(node.value, dict):
            raise MisfitError("is not a mapping")
        overrides = {}
        for name, row in node.value.items():
            checked = self.section(struct, row, f"{path}.{name}")
            if checked is not None and isinstance(row.value, dict):
                overrides[name] = {key: getattr(checked, key) for key in row.value if key in fields_of(struct)}
        return overrides


def _suggestion(name: str, fields: dict[str, Field]) -> str:
    """The nearest setting of this section, else the place of that name in another one."""
    elsewhere = next((path for path, _ in leaves() if path.rpartition(".")[2] == name), None)
    return nearest(name, fields) or (f" (did you mean {elsewhere}?)" if elsewhere else "")
