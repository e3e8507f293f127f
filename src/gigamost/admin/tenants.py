"""What administrators do with tenants."""

from collections.abc import Callable

import msgspec

from gigamost.admin import wire
from gigamost.admin.exchange import Place, missing
from gigamost.admin.office import Office
from gigamost.admin.reading import JsonValue, fit, merged
from gigamost.admin.terms import budget_of, defaults_of, rates_of, scope_of, tenant_shown, tenant_terms
from gigamost.core.tenancy import Change, Tenant


class Tenants:
    """Tenants are asked for by id or by name. `configured` are the tenants that keys of the configuration name: one
    that is created by such a name takes over what those keys own, under the id that it has there.

    Every method raises GatewayError: 400 that names the field, 404, 503.
    """

    def __init__(self, office: Office, configured: Callable[[], frozenset[str]]) -> None:
        self._office = office
        self._configured = configured

    async def create(self, new: wire.TenantTerms, actor: str) -> wire.Tenant:
        office = self._office
        id_ = new.name if new.name in self._configured() else office.new_id("tenant")
        tenant = self._with_terms(Tenant(id=id_, name=new.name, created=int(office.now())), new)
        await (await office.directory()).tenants.add(tenant, office.change(actor, "tenant.create", tenant.id, new))
        await office.tell()
        return tenant_shown(tenant)

    async def page(self, place: Place, only: str | None = None) -> wire.Page[wire.Tenant]:
        """With `only`, an id, that one alone."""
        if only is not None:
            return wire.Page(data=() if place.cursor else (await self.get(only),), next_cursor=None)
        found = await (await self._office.directory()).tenants.page(place.cursor, place.limit + 1)
        data = tuple(tenant_shown(tenant) for tenant in found[: place.limit])
        return wire.Page(data=data, next_cursor=data[-1].id if len(found) > place.limit else None)

    async def get(self, tenant: str) -> wire.Tenant:
        return tenant_shown(await self._find(tenant))

    async def id_of(self, tenant: str) -> str | None:
        """None when there is no such tenant."""
        found = await (await self._office.directory()).tenants.get(tenant)
        return found.id if found is not None else None

    async def patch(self, tenant: str, patch: JsonValue, actor: str) -> wire.Tenant:
        """`patch` is merged into what the tenant has (RFC 7396)."""

        def edit(found: Tenant) -> Tenant:
            return self._with_terms(
                found, fit(merged(msgspec.to_builtins(tenant_terms(found)), patch), wire.TenantTerms)
            )

        id_ = (await self._find(tenant)).id
        return await self._edit(id_, edit, self._office.change(actor, "tenant.update", id_, patch))

    async def revoke(self, tenant: str, actor: str) -> wire.Tenant:
        """Disables it, and so every key of it."""
        id_ = (await self._find(tenant)).id
        change = self._office.change(actor, "tenant.revoke", id_)
        return await self._edit(id_, lambda found: msgspec.structs.replace(found, is_disabled=True), change)

    async def _edit(self, id_: str, edit: Callable[[Tenant], Tenant], change: Change) -> wire.Tenant:
        edited = await (await self._office.directory()).tenants.edit(id_, edit, change)
        if edited is None:
            raise missing("tenant", id_)
        await self._office.tell()
        return tenant_shown(edited)

    async def _find(self, tenant: str) -> Tenant:
        found = await (await self._office.directory()).tenants.get(tenant)
        if found is None:
            raise missing("tenant", tenant)
        return found

    def _with_terms(self, tenant: Tenant, terms: wire.TenantTerms) -> Tenant:
        return msgspec.structs.replace(
            tenant,
            name=terms.name,
            scope=scope_of(terms, self._office.faces),
            rates=rates_of(terms.limits),
            budget=budget_of(terms.budget),
            defaults=defaults_of(terms.defaults),
            is_disabled=terms.disabled,
        )
