"""The routes of the configuration: what is in force and why, whether files can be used, reading them again."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Protocol

import msgspec

from gigamost.admin import wire
from gigamost.admin.exchange import Answer, Asked, Route
from gigamost.admin.office import Office

JsonValue = Any  # a setting as JSON has it, with stars for secrets


class Setting(msgspec.Struct, frozen=True):
    """`source` is what was written there: an option, a variable, a line of a file; else "default". `reloads`: a running
    gateway takes a change over."""

    value: JsonValue
    source: str
    reloads: bool


class Reloaded(msgspec.Struct, frozen=True):
    """`at` is RFC 3339 in UTC, `by` what asked for it. `changed` are the settings that are in force since then;
    `problems` say what kept it from happening: then nothing has changed."""

    at: str
    by: str
    outcome: Literal["applied", "unchanged", "failed"]
    changed: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class Effective(msgspec.Struct, frozen=True):
    """`pending_restart` are settings that the files have another value for, which a running gateway cannot take."""

    settings: Mapping[str, Setting]
    pending_restart: tuple[str, ...]
    warnings: tuple[str, ...]
    last_reload: Reloaded | None


class Draft(msgspec.Struct, frozen=True):
    """What might stand in the YAML file."""

    yaml: Annotated[str, msgspec.Meta(max_length=1_000_000)]


class Verdict(msgspec.Struct, frozen=True):
    """What would become of a draft: `changed` would be in force at once, `pending_restart` after a restart."""

    ok: bool
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    pending_restart: tuple[str, ...] = ()


class Configuration(Protocol):
    """The settings of this gateway, which may be read again while it runs."""

    def effective(self) -> Effective: ...

    async def reload_all(self, by: str) -> Reloaded: ...

    async def check(self, text: str) -> Verdict: ...


def config_routes(configuration: Configuration, office: Office) -> Sequence[Route]:
    async def effective(asked: Asked) -> Answer:
        return Answer(configuration.effective())

    async def reload(asked: Asked) -> Answer:
        asked.read(wire.Nothing)
        reloaded = await configuration.reload_all(asked.actor)
        details = {"outcome": reloaded.outcome, "changed": reloaded.changed}
        await (await office.directory()).audit.add(office.change(asked.actor, "config.reload", "", details))
        return Answer(reloaded)

    async def check(asked: Asked) -> Answer:
        return Answer(await configuration.check(asked.read(Draft).yaml))

    return (
        Route("GET", "/config", effective, "The settings in force, and where each was set.", Effective),
        Route("POST", "/config/reload", reload, "Reads the configuration again.", Reloaded, wire.Nothing),
        Route("POST", "/config/check", check, "Says what a YAML file would change.", Verdict, Draft),
    )
