"""`backup`: everything that is kept as one file, and what of this machine is not in it."""

import asyncio
from pathlib import Path

from gigamost.app.place import kept_at
from gigamost.auth.root import FILE_NAME, known_roots
from gigamost.cli.spooled import spooled
from gigamost.cli.terminal import CommandError, mark, note
from gigamost.cli.watching import watched
from gigamost.config import load
from gigamost.store.place import Postgres


def backup(file: Path, config: Path | None, *, with_secret: bool) -> None:
    """Gateways may be at work meanwhile. Raises CommandError, GatewayError."""
    settings = load(config=config)
    place = kept_at(settings)
    if place is None:
        raise CommandError("The database is in memory: nothing of it can be kept.")
    if isinstance(place, Path) and not place.exists():
        raise CommandError(f"There is no database at {place} yet: nothing is kept.")
    roots = known_roots(settings.secret_key, settings.former_secret_keys, settings.state_dir)
    if roots is None:
        raise CommandError(
            f"There is no root secret in {settings.state_dir}, and keys hang on it: run this where the gateway runs,",
            "with its GIGAMOST_SECRET_KEY or its state folder.",
        )
    from gigamost.store.backup.taking import take

    with watched("Writing the archive") as step:
        manifest = asyncio.run(take(place, file, roots, with_secret=with_secret, step=step))
    tables, size = len(manifest.tables), file.stat().st_size / 1024
    mark("ok", f"{file} has {manifest.rows} rows of {tables} tables, {size:.0f} KiB, schema {manifest.revision}")
    if with_secret:
        note("The root secret is in it: whoever has this file can use what is in it. Keep it like a key.")
    else:
        where = "GIGAMOST_SECRET_KEY" if settings.secret_key is not None else settings.state_dir / FILE_NAME
        note(f"The root secret is not in it: keep {where} elsewhere, keys are worth nothing without it.")
    if isinstance(place, Postgres):
        waiting = spooled(settings.state_dir)
        if waiting:
            note(f"{waiting} entries of the ledger wait on this machine for PostgreSQL and are not in it.")
