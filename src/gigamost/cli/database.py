"""`db upgrade`: the database that the configuration names gets the schema of this version."""

from pathlib import Path

from gigamost.app.place import kept_at
from gigamost.cli.terminal import CommandError, mark, working
from gigamost.config import load


def upgrade(config: Path | None) -> None:
    """Gateways may be at work on it meanwhile, those of the version before as well."""
    place = kept_at(load(config=config))
    if place is None:
        raise CommandError("The database is in memory: there is nothing to upgrade.")
    from gigamost.store.door import make_file
    from gigamost.store.migrations import HEAD
    from gigamost.store.schema import upgrade

    with working("Upgrading the database"):
        if isinstance(place, Path):
            make_file(place)
        before = upgrade(place)
    if before == HEAD:
        mark("ok", f"The database has revision {HEAD} already")
    else:
        mark("ok", f"The database has revision {HEAD} now; before: {before or 'nothing'}")
