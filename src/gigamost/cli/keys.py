"""`keys` and `tenants`: who may ask the gateway. They speak to the store directly, with the configuration of `serve`;
a running gateway knows what they changed within two seconds."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from time import time
from typing import Final

import msgspec

from gigamost.admin import wire
from gigamost.admin.reading import fit
from gigamost.app.administration import Administration
from gigamost.cli.stored import every, say_json, with_administration
from gigamost.cli.terminal import CommandError, note, say, table

_ACTOR: Final = "command line"
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_SPAN: Final = re.compile(r"(?P<count>[0-9]{1,6})(?P<unit>[smhdw])")


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the options said; None and empty: nothing."""

    name: str | None = None
    models: Sequence[str] = ()
    faces: Sequence[str] = ()
    rpm: int | None = None
    rpd: int | None = None
    tpm: int | None = None
    tpd: int | None = None
    concurrency: int | None = None
    budget: str | None = None
    period: str | None = None
    soft: str | None = None
    keep_prompts: bool | None = None

    def said(self) -> dict[str, object]:
        """As the API would get it."""
        limits = {
            "rpm": self.rpm,
            "rpd": self.rpd,
            "tpm": self.tpm,
            "tpd": self.tpd,
            "concurrency": self.concurrency,
        }
        budget = {"amount": self.budget, "period": self.period, "soft": self.soft}
        given: dict[str, object] = {
            "name": self.name,
            "models": list(self.models) or None,
            "faces": list(self.faces) or None,
            "limits": _given(limits) or None,
            "budget": _given(budget) or None,
            "defaults": _given({"keeps_prompts": self.keep_prompts}) or None,
        }
        return _given(given)


def create_key(
    terms: Terms, tenant: str | None, expires: str | None, *, pass_token: bool, config: Path | None, output: str
) -> None:
    given = terms.said() | _given({"tenant": tenant, "expires_at": until(expires, time())})
    new = fit(given | ({"pass_token": True} if pass_token else {}), wire.NewKey)
    made = with_administration(config, lambda office: office.keys.create(new, _ACTOR))
    if output == "json":
        say_json(made)
        return
    say(made.key)
    note(f"This is the key {made.name!r} ({made.id}) of the tenant {made.tenant_id}. It is not shown again.")


def list_keys(config: Path | None, output: str) -> None:
    async def everything(office: Administration) -> list[wire.Key]:
        return await every(office.keys.page)

    found = with_administration(config, everything)
    if output == "json":
        say_json(found)
        return
    columns = ("id", "name", "tenant", "key", "state", "models", "limits", "budget", "expires")
    table(columns, [_key_row(key) for key in found])


def revoke_key(key: str, config: Path | None, output: str) -> None:
    async def revoke(office: Administration) -> wire.Key:
        return await office.keys.revoke(await _id_of(office, key), _ACTOR)

    revoked = with_administration(config, revoke)
    if output == "json":
        say_json(revoked)
    else:
        say(f"The key {revoked.name!r} ({revoked.id}) is revoked: no gateway takes it in two seconds from now.")


def rotate_key(key: str, grace: str, config: Path | None, output: str) -> None:
    wish = wire.Rotate(grace_seconds=span(grace))

    async def rotate(office: Administration) -> wire.RotatedKey:
        return await office.keys.rotate(await _id_of(office, key), wish, _ACTOR)

    rotated = with_administration(config, rotate)
    if output == "json":
        say_json(rotated)
        return
    say(rotated.key)
    note(f"The old one ends at {rotated.old_expires_at}. The new one is not shown again.")


def create_tenant(terms: Terms, config: Path | None, output: str) -> None:
    new = fit(terms.said(), wire.TenantTerms)
    _show_tenants([with_administration(config, lambda office: office.tenants.create(new, _ACTOR))], output, one=True)


def update_tenant(tenant: str, terms: Terms, *, disabled: bool | None, config: Path | None, output: str) -> None:
    patch = terms.said() | _given({"disabled": disabled})
    if not patch:
        raise CommandError("Nothing to change was given: see `gigamost tenants update --help`.")
    _show_tenants(
        [with_administration(config, lambda office: office.tenants.patch(tenant, patch, _ACTOR))], output, one=True
    )


def list_tenants(config: Path | None, output: str) -> None:
    async def everything(office: Administration) -> list[wire.Tenant]:
        return await every(office.tenants.page)

    _show_tenants(with_administration(config, everything), output)


def span(text: str) -> int:
    """Seconds of `90s`, `15m`, `12h`, `30d` or `2w`; a number alone is seconds. Raises CommandError."""
    found = _SPAN.fullmatch(text if text[-1:].isalpha() else f"{text}s")
    if found is None:
        raise CommandError(f"{text!r} is no time like 90s, 15m, 12h, 30d or 2w.")
    return int(found["count"]) * _UNITS[found["unit"]]


def until(text: str | None, now: float) -> str | int | None:
    """`30d` from now on, or a moment as it is."""
    if text is None or not (_SPAN.fullmatch(text) or text.isdecimal()):
        return text
    return int(now) + span(text)


async def _id_of(office: Administration, key: str) -> str:
    """A key is meant by its id, by its name, or by what is shown of it, as long as it is one key alone."""
    if key.startswith("key_"):
        return key
    meant = [each for each in await every(office.keys.page) if key in (each.name, each.prefix)]
    live = [each for each in meant if each.state == "active"] or meant
    if len(live) > 1:
        raise CommandError(f"{len(live)} keys are called {key!r}: name one by its id ({_ids(live)}).")
    return live[0].id if live else key


def _ids(keys: Iterable[wire.Key]) -> str:
    return ", ".join(key.id for key in keys)


def _show_tenants(found: Sequence[wire.Tenant], output: str, *, one: bool = False) -> None:
    if output == "json":
        say_json(found[0] if one else found)
        return
    columns = ("id", "name", "state", "models", "limits", "budget")
    table(columns, [_tenant_row(each) for each in found])


def _key_row(key: wire.Key) -> tuple[str, ...]:
    return (
        key.id,
        key.name,
        key.tenant_id,
        f"{key.prefix}...",
        key.state,
        ", ".join(key.models) or "all",
        _limits(key.limits),
        _budget(key.budget),
        key.expires_at or "never",
    )


def _tenant_row(tenant: wire.Tenant) -> tuple[str, ...]:
    state = "disabled" if tenant.disabled else "active"
    models = ", ".join(tenant.models) or "all"
    return (tenant.id, tenant.name, state, models, _limits(tenant.limits), _budget(tenant.budget))


def _limits(limits: wire.Limits) -> str:
    given = {name: value for name, value in msgspec.structs.asdict(limits).items() if value is not None}
    return ", ".join(f"{value} {name}" for name, value in given.items()) or "none"


def _budget(budget: wire.Budget | None) -> str:
    return "none" if budget is None else f"{budget.amount} {budget.currency} per {budget.period}"


def _given(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}
