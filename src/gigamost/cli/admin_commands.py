"""`admins` on the command line: names, options and help. See `admins` for what they do."""

from enum import StrEnum
from typing import Annotated

import typer

from gigamost.cli.options import ConfigFile, Format, Output

admins = typer.Typer(help="Who may log in and administer the gateway.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name, or the id.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input, not from the terminal.")
]


class Role(StrEnum):
    """What an administrator may do: each may do what those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


@admins.command("create")
def create(
    name: Annotated[str, typer.Option(help="The name to log in with.")],
    role: Annotated[Role, typer.Option(help="viewer reads, operator serves clients, admin may do everything.")],
    tenant: Annotated[str | None, typer.Option(help="Confined to this tenant's things: an id or a name.")] = None,
    password_stdin: FromStdin = False,
    config: ConfigFile = None,
    output: Format = Output.TABLE,
) -> None:
    """Make an administrator; the password is asked for."""
    from gigamost.cli.admins import create as run

    run(name, role.value, tenant, from_stdin=password_stdin, config=config, output=output)


@admins.command("list")
def list_all(config: ConfigFile = None, output: Format = Output.TABLE) -> None:
    """List the administrators, the newest first."""
    from gigamost.cli.admins import list_all as run

    run(config, output)


@admins.command("disable")
def disable(name: Name, config: ConfigFile = None, output: Format = Output.TABLE) -> None:
    """End somebody's sessions, and let nobody log in by that name."""
    from gigamost.cli.admins import disable as run

    run(name, config, output)


@admins.command("password")
def password(
    name: Name, password_stdin: FromStdin = False, config: ConfigFile = None, output: Format = Output.TABLE
) -> None:
    """Set a password; it is asked for, and all sessions end."""
    from gigamost.cli.admins import password as run

    run(name, from_stdin=password_stdin, config=config, output=output)
