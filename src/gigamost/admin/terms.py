"""Between the API's words and the values of `core.tenancy`. Raises GatewayError (400) that names the field."""

from collections.abc import Sequence

from gigamost.admin import wire
from gigamost.admin.reading import unknown
from gigamost.auth import scopes
from gigamost.core import tenancy
from gigamost.core.errors import invalid
from gigamost.core.instant import SECOND, rfc3339
from gigamost.ledger.money import amount, micros
from gigamost.ledger.periods import LAST, unix_seconds


def scope_of(terms: wire.Terms, faces: Sequence[str]) -> tenancy.Scope:
    """`faces` are the names that there are."""
    for at, face in enumerate(terms.faces):
        if face not in faces:
            raise unknown(f"faces[{at}]: ", face, faces)
    for at, address in enumerate(terms.addresses):
        try:
            scopes.networks((address,))
        except ValueError as error:
            raise invalid(f"addresses[{at}]: {error}.", f"addresses[{at}]", "invalid_value") from None
    return tenancy.Scope(terms.models, terms.faces, terms.addresses)


def check_within(parent: tenancy.Tenant, scope: tenancy.Scope) -> None:
    """What a tenant may not do, a key of it may not be made for."""
    beyond = next(scopes.within(parent.scope, scope), None)
    if beyond is not None:
        field = beyond.partition(":")[0]
        raise invalid(f"{beyond}: the tenant {parent.name} does not have it.", field, "exceeds_tenant")


def rates_of(limits: wire.Limits) -> tenancy.Rates:
    return tenancy.Rates(limits.rpm, limits.rpd, limits.tpm, limits.tpd, limits.concurrency)


def limits_of(rates: tenancy.Rates) -> wire.Limits:
    return wire.Limits(rpm=rates.rpm, rpd=rates.rpd, tpm=rates.tpm, tpd=rates.tpd, concurrency=rates.concurrency)


def budget_of(given: wire.Budget | None) -> tenancy.Budget | None:
    if given is None:
        return None
    most = _micros(given.amount, "budget.amount")
    soft = None if given.soft is None else _micros(given.soft, "budget.soft")
    if soft is not None and soft > most:
        raise invalid("budget.soft: it is more than the amount, so nobody would be warned.", "budget.soft")
    return tenancy.Budget(most, given.period, given.currency, soft)


def budget_shown(budget: tenancy.Budget | None) -> wire.Budget | None:
    if budget is None:
        return None
    soft = None if budget.soft is None else amount(budget.soft)
    return wire.Budget(amount=amount(budget.amount), currency="RUB", period=budget.period, soft=soft)


def defaults_of(given: wire.Defaults) -> tenancy.Defaults:
    return tenancy.Defaults(
        model=given.model,
        forced_model=given.forced_model,
        system=given.system,
        profanity_check=given.profanity_check,
        keeps_prompts=given.keeps_prompts,
        keeps_responses=given.keeps_responses,
        priority=given.priority,
        cache_seconds=given.cache_seconds,
    )


def defaults_shown(defaults: tenancy.Defaults) -> wire.Defaults:
    return wire.Defaults(
        model=defaults.model,
        forced_model=defaults.forced_model,
        system=defaults.system,
        profanity_check=defaults.profanity_check,
        keeps_prompts=defaults.keeps_prompts,
        keeps_responses=defaults.keeps_responses,
        priority=defaults.priority,
        cache_seconds=defaults.cache_seconds,
    )


def seconds_of(moment: str | float | None, field: str) -> int | None:
    """Unix seconds. A text without an offset is UTC."""
    if isinstance(moment, str):
        try:
            return int(unix_seconds(moment))
        except ValueError as error:
            raise invalid(f"{field}: {error}.", field) from None
    if moment is None:
        return None
    if not 0 <= moment < LAST:
        raise invalid(f"{field}: this is no moment in seconds since 1970.", field)
    return int(moment)


def moment_of(seconds: float) -> str:
    return rfc3339(int(seconds) * SECOND, fraction=False)


def key_terms(key: tenancy.Key) -> wire.KeyTerms:
    """What can be changed, as it is."""
    return wire.KeyTerms(
        name=key.name,
        models=key.scope.models,
        faces=key.scope.faces,
        addresses=key.scope.addresses,
        limits=limits_of(key.rates),
        budget=budget_shown(key.budget),
        defaults=defaults_shown(key.defaults),
        expires_at=None if key.expires is None else moment_of(key.expires),
        pass_token=key.pass_token,
    )


def tenant_terms(tenant: tenancy.Tenant) -> wire.TenantTerms:
    return wire.TenantTerms(
        name=tenant.name,
        models=tenant.scope.models,
        faces=tenant.scope.faces,
        addresses=tenant.scope.addresses,
        limits=limits_of(tenant.rates),
        budget=budget_shown(tenant.budget),
        defaults=defaults_shown(tenant.defaults),
        disabled=tenant.is_disabled,
    )


def key_shown(key: tenancy.Key, now: float) -> wire.Key:
    expired = key.expires is not None and key.expires <= now
    return wire.Key(
        id=key.id,
        name=key.name,
        tenant_id=key.tenant,
        prefix=key.prefix,
        state="revoked" if key.revoked is not None else "expired" if expired else "active",
        models=key.scope.models,
        faces=key.scope.faces,
        addresses=key.scope.addresses,
        limits=limits_of(key.rates),
        budget=budget_shown(key.budget),
        defaults=defaults_shown(key.defaults),
        pass_token=key.pass_token,
        created_at=moment_of(key.created),
        expires_at=None if key.expires is None else moment_of(key.expires),
        revoked_at=None if key.revoked is None else moment_of(key.revoked),
    )


def tenant_shown(tenant: tenancy.Tenant) -> wire.Tenant:
    return wire.Tenant(
        id=tenant.id,
        name=tenant.name,
        disabled=tenant.is_disabled,
        models=tenant.scope.models,
        faces=tenant.scope.faces,
        addresses=tenant.scope.addresses,
        limits=limits_of(tenant.rates),
        budget=budget_shown(tenant.budget),
        defaults=defaults_shown(tenant.defaults),
        created_at=moment_of(tenant.created),
    )


def _micros(text: str, field: str) -> int:
    try:
        return micros(text)
    except ValueError as error:
        raise invalid(f"{field}: {error}.", field, "invalid_value") from None
