"""`admins`: who may log in. As `keys`, it speaks to the store directly, with the configuration of `serve`; a running
gateway knows at once what was changed here."""

import sys
from collections.abc import Sequence
from getpass import getpass
from pathlib import Path

from gigamost.admin import people
from gigamost.admin.reading import fit
from gigamost.app.administration import Administration
from gigamost.auth.administrators import COMMAND_LINE
from gigamost.cli.stored import every, say_json, with_administration
from gigamost.cli.terminal import CommandError, table
from gigamost.core.secret import Secret


def create(name: str, role: str, tenant: str | None, *, from_stdin: bool, config: Path | None, output: str) -> None:
    given = {"name": name, "role": role, "tenant": tenant, "password": _asked(from_stdin=from_stdin).reveal()}
    new = fit(given, people.NewAdministrator)
    _show([with_administration(config, lambda office: office.administrators.create(new, COMMAND_LINE))], output)


def list_all(config: Path | None, output: str) -> None:
    async def everybody(office: Administration) -> list[people.Administrator]:
        return await every(lambda place: office.administrators.page(place, COMMAND_LINE))

    found = with_administration(config, everybody)
    if output == "json":
        say_json(found)
    else:
        _table(found)


def disable(name: str, config: Path | None, output: str) -> None:
    _show([with_administration(config, lambda office: office.administrators.disable(name, COMMAND_LINE))], output)


def password(name: str, *, from_stdin: bool, config: Path | None, output: str) -> None:
    async def found(office: Administration) -> people.Administrator:
        return await office.administrators.get(name)

    with_administration(config, found)  # nobody types a password for somebody who is not there
    secret = _asked(from_stdin=from_stdin)
    _show(
        [with_administration(config, lambda office: office.administrators.set_password(name, secret, COMMAND_LINE))],
        output,
    )


def _asked(*, from_stdin: bool) -> Secret:
    """The password: the first line of standard input, or twice from the terminal, which does not show it."""
    if from_stdin:
        return Secret(sys.stdin.readline().rstrip("\r\n"))
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask for the password: use --password-stdin.")
    first = getpass("Password: ")
    if getpass("Again: ") != first:
        raise CommandError("These are two different passwords.")
    return Secret(first)


def _show(found: Sequence[people.Administrator], output: str) -> None:
    if output == "json":
        say_json(found[0])
        return
    _table(found)


def _table(found: Sequence[people.Administrator]) -> None:
    columns = ("id", "name", "role", "tenant", "state")
    rows = [
        (each.id, each.name, each.role, each.tenant_id or "all", "disabled" if each.disabled else "active")
        for each in found
    ]
    table(columns, rows)
