"""A client's configuration files with the gateway's settings merged in: everything else in them stays as it was."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
import yaml

from gigamost.cli.connect import env_text, json_text, toml_text, yaml_text
from gigamost.cli.connect.client import Client, File, Place
from gigamost.cli.terminal import CommandError, say
from gigamost.cli.whole_file import back_up, replace


class Format(Protocol):
    """How text of one format is read, written, and changed in place."""

    def parsed(self, text: str) -> Any: ...

    def dumped(self, value: Any) -> str: ...

    def changed(self, text: str, new: Any) -> str: ...


_FORMATS: Mapping[str, Format] = {"json": json_text, "yaml": yaml_text, "toml": toml_text, "env": env_text}


class Change(msgspec.Struct, frozen=True):
    file: Path
    before: str
    after: str


def write(client: Client, place: Place, path: Path | None) -> None:
    """`path` stands for the client's first file; others go beside it. All files are written, or none. Raises
    CommandError when one cannot be changed without loss."""
    changes = [_planned(file, place, where) for file, where in _places(client.files, path)]
    for change in changes:
        if change.before == change.after:
            say(f"{change.file} has it already.")
            continue
        try:
            if change.before:
                say(f"The file as it was: {back_up(change.file, change.before)}")
            replace(change.file, change.after, like=change.file)
        except OSError as error:
            raise CommandError(f"{change.file} cannot be written: {error.strerror}") from error
        say(f"Written: {change.file}")


def _places(files: Sequence[File], path: Path | None) -> list[tuple[File, Path]]:
    here = [Path(file.here).expanduser() for file in files]
    if path is not None:
        here = [path, *(path.with_name(other.name) for other in here[1:])]
    return list(zip(files, here, strict=True))


def _planned(file: File, place: Place, where: Path) -> Change:
    try:
        before = where.read_bytes().decode("utf-8-sig") if where.exists() else ""
        after = merged_text(file, place, before.replace("\r\n", "\n"))
        return Change(where, before, after.replace("\n", "\r\n") if "\r\n" in before else after)
    except (ValueError, yaml.YAMLError) as error:
        raise CommandError(
            f"{where} cannot be changed without losing something of it ({error}).",
            "Nothing was written. Add this yourself:",
            *rendered(file, place).splitlines(),
        ) from error
    except OSError as error:
        raise CommandError(f"{where} cannot be read: {error.strerror}") from error


def merged_text(file: File, place: Place, before: str) -> str:
    """The file's text with the settings in it. Raises ValueError or YAMLError when that would lose anything."""
    form = _FORMATS[file.format]
    current = form.parsed(before)
    expected = _expected(file, place, current)
    if expected == current:
        return before
    after = form.changed(before, expected)
    if form.parsed(after) != expected:
        raise ValueError("its form is too unusual")
    return after


def rendered(file: File, place: Place) -> str:
    """The settings as a whole file of their own."""
    return _FORMATS[file.format].dumped(_expected(file, place, None)).rstrip()


def _expected(file: File, place: Place, current: Any) -> Any:
    settings = filled(file.settings, place)
    current = type(settings)() if current is None else current
    return merged(completed(current, filled(file.first, place)), settings)


def merged(current: Any, settings: Any) -> Any:
    """`settings` go first, mappings are merged, entries of a list are told apart by their `name` or `id`. Raises
    ValueError where something of another form would be lost."""
    other = current is not None and type(current) is not type(settings)
    if other and (isinstance(settings, dict | list) or isinstance(current, dict | list)):
        raise ValueError(f"a {type(current).__name__} stands where a {type(settings).__name__} belongs")
    if isinstance(current, dict) and isinstance(settings, dict):
        return {
            **current,
            **{name: merged(current[name], value) if name in current else value for name, value in settings.items()},
        }
    if isinstance(current, list) and isinstance(settings, list):
        ours = {_identity(item): item for item in settings}
        kept = [merged(item, ours.pop(_identity(item))) if _identity(item) in ours else item for item in current]
        return [*ours.values(), *kept]
    return settings


def completed(current: Any, first: Any) -> Any:
    """`current` with what it lacks of `first`."""
    if not (isinstance(current, dict) and isinstance(first, dict)):
        return current
    return {**current, **{name: completed(current.get(name, value), value) for name, value in first.items()}}


def _identity(item: object) -> str:
    """What tells it apart. An entry of ours has one of these names; where it has two, the first is the one."""
    if not isinstance(item, dict):
        return json.dumps(item, default=str)
    return str(next((item[name] for name in ("id", "model_id", "name") if name in item), item))


def filled(value: Any, place: Place) -> Any:
    """Every text in it with its placeholders replaced."""
    match value:
        case str():
            return place.fill(value)
        case dict():
            return {place.fill(name): filled(item, place) for name, item in value.items()}
        case list():
            return [filled(item, place) for item in value]
        case _:
            return value
