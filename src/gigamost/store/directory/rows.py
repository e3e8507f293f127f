"""Keys and tenants as rows: columns for what is looked for, one JSON value for the rest."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from gigamost.core.tenancy import Budget, Defaults, Former, Key, Rates, Scope, Tenant

# In the order in which `key_of` and `tenant_of` take them.
KEY_COLUMNS: Final = ("id", "tenant", "name", "digest", "prefix", "created", "expires", "revoked", "terms")
TENANT_COLUMNS: Final = ("id", "name", "created", "terms")


class _KeyTerms(msgspec.Struct, frozen=True, omit_defaults=True):
    scope: Scope = Scope()
    rates: Rates = Rates()
    budget: Budget | None = None
    defaults: Defaults = Defaults()
    pass_token: bool = False
    former: tuple[Former, ...] = ()
    root: str = ""


class _TenantTerms(msgspec.Struct, frozen=True, omit_defaults=True):
    scope: Scope = Scope()
    rates: Rates = Rates()
    budget: Budget | None = None
    defaults: Defaults = Defaults()
    is_disabled: bool = False


_key_terms: Final[Callable[[bytes], _KeyTerms]] = msgspec.json.Decoder(_KeyTerms).decode
_tenant_terms: Final[Callable[[bytes], _TenantTerms]] = msgspec.json.Decoder(_TenantTerms).decode


def row_of_key(key: Key) -> dict[str, Any]:  # values of any column
    terms = _KeyTerms(key.scope, key.rates, key.budget, key.defaults, key.pass_token, key.former, key.root)
    return {
        "id": key.id,
        "tenant": key.tenant,
        "name": key.name,
        "digest": key.digest,
        "prefix": key.prefix,
        "created": key.created,
        "expires": key.expires,
        "revoked": key.revoked,
        "terms": msgspec.json.encode(terms),
    }


def key_of(row: Sequence[Any]) -> Key:
    id_, tenant, name, digest, prefix, created, expires, revoked, terms = row
    rest = _key_terms(terms)
    return Key(
        id=id_,
        name=name,
        tenant=tenant,
        digest=digest,
        prefix=prefix,
        created=created,
        expires=expires,
        revoked=revoked,
        scope=rest.scope,
        rates=rest.rates,
        budget=rest.budget,
        defaults=rest.defaults,
        pass_token=rest.pass_token,
        former=rest.former,
        root=rest.root,
    )


def row_of_tenant(tenant: Tenant) -> dict[str, Any]:  # values of any column
    terms = _TenantTerms(tenant.scope, tenant.rates, tenant.budget, tenant.defaults, tenant.is_disabled)
    return {"id": tenant.id, "name": tenant.name, "created": tenant.created, "terms": msgspec.json.encode(terms)}


def tenant_of(row: Sequence[Any]) -> Tenant:
    id_, name, created, terms = row
    rest = _tenant_terms(terms)
    return Tenant(
        id=id_,
        name=name,
        created=created,
        rates=rest.rates,
        budget=rest.budget,
        defaults=rest.defaults,
        is_disabled=rest.is_disabled,
        scope=rest.scope,
    )
