"""A client's configuration file with the gateway's settings merged in: everything else in it stays as it was."""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from gigamost.cli.connect.clients import Client, File, Place
from gigamost.cli.connect.yaml_text import set_keys
from gigamost.cli.terminal import CommandError, say


def write(client: Client, place: Place, path: Path | None) -> None:
    """Raises CommandError when the client has no file, or its file cannot be changed without loss."""
    if client.file is None:
        commands = [place.fill(line) for line in client.lines]
        raise CommandError(f"{client.title} is configured by its own command. Run:", *commands)
    file = path or Path(client.file.path).expanduser()
    try:
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        after = merged_text(client.file, place, before)
        if after == before:
            say(f"{file} has it already.")
            return
        if before:
            backup = file.with_name(f"{file.name}.bak-{time.strftime('%Y%m%d-%H%M%S')}")
            replace(backup, before, like=file)
            say(f"The file as it was: {backup}")
        replace(file, after, like=file)
    except (ValueError, yaml.YAMLError) as error:
        raise CommandError(
            f"{file} cannot be changed without losing something of it ({error}).",
            "Nothing was written. Add this yourself:",
            *rendered(client.file, place).splitlines(),
        ) from error
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}") from error
    say(f"Written: {file}")
    for line in client.lines:
        say(place.fill(line))


def merged_text(file: File, place: Place, before: str) -> str:
    """The file's text with the settings in it. Raises ValueError or YAMLError when that would lose anything."""
    settings, first = filled(file.settings, place), filled(file.first, place)
    match file.format:
        case "json":
            current = json.loads(before) if before.strip() else {}
            expected = merged(completed(current, first), settings)
            return before if expected == current else json.dumps(expected, indent=2, ensure_ascii=False) + "\n"
        case "yaml":
            current = yaml.safe_load(before)
            current = {} if current is None else current
            expected = merged(completed(current, first), settings)
            changed = {name: value for name, value in expected.items() if current.get(name) != value}
            after = set_keys(before, changed)
            if yaml.safe_load(after) != expected:
                raise ValueError("its form is too unusual")
            return after


def rendered(file: File, place: Place) -> str:
    """The settings as a whole file of their own."""
    whole = merged(completed({}, filled(file.first, place)), filled(file.settings, place))
    if file.format == "json":
        return json.dumps(whole, indent=2, ensure_ascii=False)
    return yaml.safe_dump(whole, sort_keys=False, allow_unicode=True).rstrip()


def merged(current: Any, settings: Any) -> Any:
    """`settings` go first, mappings are merged, entries of a list are told apart by their `name` or `id`. Raises
    ValueError where something of another form would be lost."""
    if isinstance(settings, dict | list) and current is not None and type(current) is not type(settings):
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
    return str(item.get("name") or item.get("id")) if isinstance(item, dict) else json.dumps(item)


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


def replace(file: Path, text: str, *, like: Path | None = None) -> None:
    """The whole text at once, or the file as it was. It is for its owner only, or as readable as `like` is."""
    target = file.resolve()  # a link stays one
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            out.write(text)
        if like is not None and like.exists():
            draft.chmod(like.stat().st_mode & 0o777)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
