"""`secret`: the root secret replaced by a new one, and the former one dropped when nothing hangs on it any more.

Nothing here prints a secret that is in use; a new one for the environment is shown this once.
"""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gigamost.app.hanging import Hanging, hanging
from gigamost.auth.root import FILE_NAME, Roots, born, known_roots, mark, new_secret, rewrite
from gigamost.cli.terminal import CommandError, note, say
from gigamost.cli.terminal import mark as say_mark
from gigamost.config import Settings, load
from gigamost.core.secret import Secret

_CURRENT: Final = "GIGAMOST_SECRET_KEY"
_FORMER: Final = "GIGAMOST_FORMER_SECRET_KEYS"
_NAMED: Final = 20  # keys that are named; of more, how many
_ENDS: Final = (
    "Ids of files, threads and tool calls that clients got under a former secret are not opened any more.",
    "Secrets of webhooks are sealed anew by the gateways at work.",
)


def rotate(config: Path | None) -> None:
    settings = load(config=config)
    roots = _roots(settings)
    if settings.secret_key is not None:
        _explain(settings, new_secret())
        return
    file = settings.state_dir / FILE_NAME
    rewrite(file, lambda there: (new_secret(), *there))
    say_mark("ok", f"A new root secret stands first in {file}, {len(roots.all)} below it are still known")
    say("Start every gateway that uses this folder again: until then it does not know keys that are made from now on.")
    say("Keys hang on the new one as soon as they are used: `gigamost secret status` counts the others,")
    say("`gigamost secret forget` drops what is below it.")


def status(config: Path | None) -> None:
    settings = load(config=config)
    roots = _roots(settings)
    found = asyncio.run(hanging(settings, roots))
    counted = Counter(key.root for key in found.keys)
    say_mark("ok", f"The root secret is {_named(roots.current)}, from {_source(settings)}")
    for former in roots.former:
        count = counted.pop(mark(former), 0)
        say_mark("warn" if count else "ok", f"A former one is {_named(former)}: {_count(count)} on it")
    if found.administrators:
        names = ", ".join(each.name for each in found.administrators[:_NAMED])
        say_mark("warn", f"Administrators who did not log in since: {names}")
    unsaid = counted.pop("", 0)
    if unsaid and roots.former:
        say_mark("warn", f"Of {unsaid} keys nobody knows what they hang on: they were not used since")
    if counted:
        text = f"{_count(counted.total())} on root secrets that are not known here: they do not work"
        say_mark(
            "fail", text, f"Put the secret back (its mark is one of {', '.join(sorted(counted))}), or make new keys"
        )


def forget(config: Path | None, *, force: bool) -> None:
    settings = load(config=config)
    roots = _roots(settings)
    if not roots.former:
        say_mark("ok", "No former root secret is known: there is nothing to forget")
        return
    found = asyncio.run(hanging(settings, roots))
    if found and not force:
        raise CommandError(
            f"{_counted(found)} on a former root secret and would end with it. Using a key takes it off, and so does a",
            "login; `gigamost keys rotate KEY` gives its owner a new one, and --force ends them:",
            *_listed(found),
        )
    for line in _listed(found):
        note(f"ends: {line}")
    for line in _ENDS:
        note(line)
    if settings.former_secret_keys:
        origin = settings.origins.get("former_secret_keys") or _FORMER
        say(f"Remove {origin} from the configuration of every gateway, then start them again one by one.")
    if settings.secret_key is None:
        file = settings.state_dir / FILE_NAME
        rewrite(file, lambda there: there[:1])
        say_mark("ok", f"{file} has the current root secret alone: start every gateway that uses it again")


def _roots(settings: Settings) -> Roots:
    roots = known_roots(settings.secret_key, settings.former_secret_keys, settings.state_dir)
    if roots is None:
        raise CommandError(
            f"There is no root secret in {settings.state_dir} yet: the first start of a gateway makes it."
        )
    return roots


def _explain(settings: Settings, new: Secret) -> None:
    """A rotation with gateways at work: first all of them learn the new one, then it becomes the current one."""
    origin = settings.origins.get("secret_key") or _CURRENT
    rest = ",<what it has now>" if settings.former_secret_keys else ""
    note(f"The root secret is set in your configuration ({origin}), so the change is yours to make, in two steps.")
    note("Here is a new one. It is not shown again.")
    say("\n# 1. For every gateway, beside what is set. Start all of them again, one by one:")
    say(f"{_FORMER}={new.reveal()}{rest}")
    say("\n# 2. When every gateway runs with that, and not before: all must understand what one makes from then on.")
    say(f"{_CURRENT}={new.reveal()}")
    say(f"{_FORMER}=<what {_CURRENT} was>{rest}")
    say("\n# Later, when `gigamost secret status` counts no keys on the former one: `gigamost secret forget`")


def _named(secret: Secret) -> str:
    made = born(secret)
    when = f", made {datetime.fromtimestamp(made, UTC):%Y-%m-%d %H:%M} UTC" if made else ""
    return f"{mark(secret)}{when}"


def _source(settings: Settings) -> str:
    if settings.secret_key is None:
        return str(settings.state_dir / FILE_NAME)
    return str(settings.origins.get("secret_key") or _CURRENT)


def _count(keys: int) -> str:
    return "1 key hangs" if keys == 1 else f"{keys} keys hang"


def _counted(found: Hanging) -> str:
    people = len(found.administrators)
    if not people:
        return _count(len(found.keys))
    said = "1 administrator's password" if people == 1 else f"{people} administrators' passwords"
    if found.keys:
        said = f"{len(found.keys)} {'key' if len(found.keys) == 1 else 'keys'} and {said}"
    return f"{said} {'hangs' if people == 1 and not found.keys else 'hang'}"


def _listed(found: Hanging) -> list[str]:
    lines = [f"{key.id}  {key.prefix}...  {key.name}" for key in found.keys]
    lines += [f"{each.id}  administrator {each.name}" for each in found.administrators]
    return [*lines[:_NAMED], f"... and {len(lines) - _NAMED} more"] if len(lines) > _NAMED else lines
