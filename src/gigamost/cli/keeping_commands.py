"""`secret`, `backup` and `restore` on the command line: names, options and help."""

from pathlib import Path
from typing import Annotated

import typer

from gigamost.cli.options import ConfigFile

secret = typer.Typer(help="The root secret, and its replacement by a new one.", no_args_is_help=True)


@secret.command("rotate")
def rotate(config: ConfigFile = None) -> None:
    """Make a new root secret; what hangs on the present one goes on working."""
    from gigamost.cli.secret import rotate

    rotate(config)


@secret.command("status")
def status(config: ConfigFile = None) -> None:
    """Say which root secrets are known, by their marks, and how many keys hang on the former ones."""
    from gigamost.cli.secret import status

    status(config)


@secret.command("forget")
def forget(
    config: ConfigFile = None,
    force: Annotated[bool, typer.Option("--force", help="Though keys hang on them: those end.")] = False,
) -> None:
    """Drop the former root secrets."""
    from gigamost.cli.secret import forget

    forget(config, force=force)


def backup(
    file: Annotated[Path, typer.Argument(help="The archive to write.")],
    with_secret: Annotated[
        bool, typer.Option("--with-secret", help="Put the root secret into it: whoever has the archive has the keys.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Write everything that is kept into one file, while gateways are at work."""
    from gigamost.cli.backup import backup

    backup(file, config, with_secret=with_secret)


def restore(
    file: Annotated[Path, typer.Argument(help="The archive.", exists=True, dir_okay=False)],
    replace: Annotated[bool, typer.Option("--replace", help="In place of what the database has.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --replace: do not ask.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Though the root secret is another one.")] = False,
    config: ConfigFile = None,
) -> None:
    """Bring back what an archive has, into an empty database."""
    from gigamost.cli.restore import restore

    restore(file, config, replace=replace, yes=yes, force=force)
