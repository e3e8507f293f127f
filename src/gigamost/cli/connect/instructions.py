"""What `connect` prints: everything that connects a client, ready to be copied. Comments begin with `#`."""

import shlex
from collections.abc import Sequence

from gigamost.cli.connect.client import TASK, Client, Pairs, Place
from gigamost.cli.connect.merge import rendered

_COMMENT = {"javascript": "//"}


def instructions(client: Client, place: Place) -> str:
    files = "\n\n".join(
        f"# {file.here} (`gigamost connect {client.name} --write` does it)\n{rendered(file, place)}"
        for file in client.files
    )
    alone = _section("or without a file, for one shell:", _exports(client.instead, place))
    rest = _rest(client, place)
    return "\n\n".join(part for part in (f"# {client.title}", files, alone, *rest) if part)


def still_to_do(client: Client, place: Place) -> str:
    """What is left when the files are written."""
    return "\n\n".join(part for part in _rest(client, place) if part)


def quick(client: Client, place: Place) -> str:
    """The one line that connects it, or that says how."""
    variables = client.instead or client.variables
    if variables and client.task and (client.instead or not client.files):
        assigned = [f"{name}={shlex.quote(value)}" for name, value in pairs(variables, place)]
        return " ".join([*assigned, command(client.task, place)])
    if client.setup and not client.files:
        return command(client.setup[0], place)
    write = " --write" if client.files else ""
    return place.fill(f"gigamost connect {client.name}{write} --url $base --key $key --model $model")


def pairs(given: Pairs, place: Place) -> list[tuple[str, str]]:
    return [(name, place.fill(value)) for name, value in given]


def command(words: Sequence[str], place: Place) -> str:
    return " ".join('"your task"' if word == TASK else shlex.quote(place.fill(word)) for word in words)


def _rest(client: Client, place: Place) -> list[str]:
    fields = [f"{name}: {value}" for name, value in pairs(client.fields, place)]
    once = "install:" if client.code else "once:"
    code = place.fill(client.code)
    return [
        _section(once, [command(words, place) for words in client.setup]),
        _section("environment:", _exports(client.variables, place)),
        _section(f"{place.fill(client.dialog)}:", fields),
        f"{_COMMENT.get(client.language, '#')} {client.language}\n{code}" if code else "",
        _section("then:", [command(client.task, place)] if client.task else []),
        "\n".join(f"# {place.fill(note)}" for note in client.notes),
    ]


def _section(head: str, lines: Sequence[str]) -> str:
    return "\n".join([f"# {head}", *lines]) if lines else ""


def _exports(given: Pairs, place: Place) -> list[str]:
    return [f"export {name}={shlex.quote(value)}" for name, value in pairs(given, place)]
