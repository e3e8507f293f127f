"""`restore`: what an archive has into the database of the configuration, all of it or nothing."""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gigamost.app.place import kept_at
from gigamost.auth.root import FILE_NAME, known_roots, rewrite
from gigamost.auth.root import mark as mark_of
from gigamost.cli.spooled import spooled
from gigamost.cli.terminal import CommandError, mark, note
from gigamost.cli.watching import watched
from gigamost.config import Settings, load
from gigamost.core.secret import Secret
from gigamost.store.backup.archive import Archive
from gigamost.store.place import Postgres


def restore(file: Path, config: Path | None, *, replace: bool, yes: bool, force: bool) -> None:
    """Raises CommandError, GatewayError; the database is as it was then."""
    settings = load(config=config)
    place = kept_at(settings)
    if place is None:
        raise CommandError("The database is in memory: what came there would be gone at once.")
    with Archive(file) as archive:
        with watched("Looking for damage") as step:
            archive.verify(step)
        manifest, secrets = archive.manifest, archive.secrets()
        lost = _lost(settings, file, manifest.roots, secrets)
        if lost and not force:
            raise CommandError(*lost, "--force restores all the same.")
        if replace and not yes:
            _ask(place)
        _into(place, archive, lambda: _keep(settings, secrets), replacing=replace)
    mark("ok", f"{manifest.rows} rows of {len(manifest.tables)} tables are back, as they were at {manifest.made}")
    for line in lost:
        mark("warn", line)
    waiting = spooled(settings.state_dir) if isinstance(place, Postgres) else 0
    if waiting:
        note(
            f"{waiting} entries of the ledger wait on this machine: the next start of a gateway brings them there too."
        )


def _into(place: Path | Postgres, archive: Archive, last: Callable[[], None], *, replacing: bool) -> None:
    from gigamost.store.backup.restoring import NotEmptyError
    from gigamost.store.backup.restoring import restore as run
    from gigamost.store.door import make_file

    new = place if isinstance(place, Path) and not place.exists() else None
    if isinstance(place, Path):
        make_file(place)
    try:
        with watched("Restoring") as step:
            asyncio.run(run(place, archive, replacing=replacing, last=last, step=step))
    except NotEmptyError as error:
        raise CommandError(
            f"The database is not empty ({_counted(error.rows)}). Name an empty one with GIGAMOST_DATABASE_URL, or say",
            "--replace: what is in it is deleted then.",
        ) from error
    except BaseException:
        if new is not None:
            for each in (new, *(new.with_name(new.name + end) for end in ("-wal", "-shm"))):
                each.unlink(missing_ok=True)
        raise


def _lost(settings: Settings, file: Path, roots: Sequence[str], secrets: Sequence[Secret]) -> list[str]:
    """What will not work for the want of a root secret; nothing where all are known."""
    here = known_roots(settings.secret_key, settings.former_secret_keys, settings.state_dir)
    known = {mark_of(each) for each in here.all} if here is not None else set()
    if settings.secret_key is None:
        known |= {mark_of(each) for each in secrets}  # they are kept here
    missing = [each for each in roots if each not in known]
    if not missing:
        return []
    what = "The root secret" if missing[0] == roots[0] else "A former root secret"
    lines = [
        f"{what} of the archive ({', '.join(missing)}) is not known here: keys that hang on it will not be recognised,",
        "what was sealed with it (secrets of webhooks, ids of files and threads) will not be opened.",
    ]
    if secrets:
        lines.append(f"It is in the archive: `unzip -p {file} secret.key` prints it, for GIGAMOST_SECRET_KEY.")
    else:
        file_here = settings.state_dir / FILE_NAME
        lines.append(f"Put it into GIGAMOST_SECRET_KEY or GIGAMOST_FORMER_SECRET_KEYS, or its file to {file_here}.")
    return lines


def _keep(settings: Settings, secrets: Sequence[Secret]) -> None:
    """Those of the archive first: what comes back hangs on them. Those that were here stay known."""
    if not secrets or settings.secret_key is not None:
        return
    rewrite(settings.state_dir / FILE_NAME, lambda there: tuple(dict.fromkeys((*secrets, *there))))


def _ask(place: Path | Postgres) -> None:
    import typer

    if not sys.stdin.isatty():
        raise CommandError("--replace deletes what the database has: say --yes as well where nobody can be asked.")
    where = place if isinstance(place, Path) else "the PostgreSQL"
    typer.confirm(f"Everything in {where} is deleted and replaced by what the archive has. Go on?", abort=True)


def _counted(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in rows.items())
