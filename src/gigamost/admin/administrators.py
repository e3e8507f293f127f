"""What administrators do with administrators. A password is hashed at once and shown nowhere, nor in the audit."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from gigamost.admin import people, wire
from gigamost.admin.exchange import Place, missing
from gigamost.admin.office import Office
from gigamost.admin.reading import JsonValue, fit, merged
from gigamost.admin.secrecy import Secrecy
from gigamost.admin.terms import moment_of
from gigamost.auth.administrators import Actor, check_below, check_other, ended, name_of
from gigamost.auth.passwords import check_new
from gigamost.core.administrators import Administrator
from gigamost.core.errors import invalid
from gigamost.core.secret import Secret

Edit: TypeAlias = Callable[[Administrator], Administrator]


class Administrators:
    """Every method raises GatewayError: 400 that names the field, 403 for what `by` may not, 404, 503. Administrators
    are asked for by id or by name."""

    def __init__(self, office: Office, secrecy: Secrecy) -> None:
        self._office = office
        self._secrecy = secrecy

    async def create(self, new: people.NewAdministrator, by: Actor) -> people.Administrator:
        name, password = name_of(new.name), Secret(new.password)
        tenant = await self._tenant(new.tenant, by) if new.tenant is not None else by.tenant
        check_below(by, new.role, tenant)
        check_new(password, name)
        office = self._office
        made = Administrator(
            id=office.new_id("admin"),
            name=name,
            role=new.role,
            password=await self._secrecy.keep(password),
            created=int(office.now()),
            tenant=tenant,
        )
        told = {"name": name, "role": new.role, "tenant": tenant}
        change = office.change(by.name, "administrator.create", made.id, told)
        await (await office.directory()).administrators.add(made, change)
        return shown(made)

    async def page(self, place: Place, by: Actor) -> wire.Page[people.Administrator]:
        administrators = (await self._office.directory()).administrators
        found = await administrators.page(place.cursor, place.limit + 1, by.tenant)
        data = tuple(map(shown, found[: place.limit]))
        return wire.Page(data=data, next_cursor=data[-1].id if len(found) > place.limit else None)

    async def get(self, administrator: str) -> people.Administrator:
        return shown(await self._find(administrator))

    async def tenant_of(self, administrator: str) -> str | None:
        """To which he or she is confined; None for nobody's, and for nobody."""
        found = await (await self._office.directory()).administrators.get(administrator)
        return found.tenant if found is not None else None

    async def patch(self, administrator: str, patch: JsonValue, by: Actor) -> people.Administrator:
        """`patch` is merged into what there is (RFC 7396). Sessions end, unless nothing has changed."""
        found = await self._find(administrator)
        check_other(by, found)
        named = patch.get("tenant")
        tenant = await self._tenant(named, by) if isinstance(named, str) else None

        def edit(each: Administrator) -> Administrator:
            check_below(by, each.role, each.tenant)
            had = people.Terms(role=each.role, tenant=each.tenant, disabled=each.is_disabled)
            terms = fit(merged(msgspec.to_builtins(had), patch), people.Terms)
            wanted = msgspec.structs.replace(
                each,
                role=terms.role,
                tenant=tenant if isinstance(named, str) else terms.tenant,
                is_disabled=terms.disabled,
            )
            check_below(by, wanted.role, wanted.tenant)
            return each if wanted == each else ended(wanted)

        return await self._edit(found.id, edit, "administrator.update", by, patch)

    async def disable(self, administrator: str, by: Actor) -> people.Administrator:
        """Ends the sessions, and there is no login any more. The name stays taken: the audit knows it."""
        found = await self._find(administrator)
        check_other(by, found)

        def edit(each: Administrator) -> Administrator:
            check_below(by, each.role, each.tenant)
            return each if each.is_disabled else ended(msgspec.structs.replace(each, is_disabled=True))

        return await self._edit(found.id, edit, "administrator.disable", by)

    async def set_password(self, administrator: str, password: Secret, by: Actor) -> people.Administrator:
        """Somebody else's; it ends that one's sessions."""
        found = await self._find(administrator)
        check_other(by, found)
        check_below(by, found.role, found.tenant)
        check_new(password, found.name)
        kept = await self._secrecy.keep(password)

        def edit(each: Administrator) -> Administrator:
            check_below(by, each.role, each.tenant)
            return ended(msgspec.structs.replace(each, password=kept))

        return await self._edit(found.id, edit, "administrator.password", by)

    async def _edit(self, id_: str, edit: Edit, action: str, by: Actor, details: object = None) -> people.Administrator:
        change = self._office.change(by.name, action, id_, details)
        edited = await (await self._office.directory()).administrators.edit(id_, edit, change)
        if edited is None:
            raise missing("administrator", id_)
        return shown(edited)

    async def _find(self, administrator: str) -> Administrator:
        found = await (await self._office.directory()).administrators.get(administrator)
        if found is None:
            raise missing("administrator", administrator)
        return found

    async def _tenant(self, tenant: str, by: Actor) -> str:
        """Its id. Whoever is confined to one learns nothing of others."""
        found = await (await self._office.directory()).tenants.get(tenant)
        if found is None or by.tenant not in (None, found.id):
            raise invalid(f"tenant: there is no tenant {tenant[:80]!r}.", "tenant", "unknown_tenant")
        return found.id


def shown(administrator: Administrator) -> people.Administrator:
    return people.Administrator(
        id=administrator.id,
        name=administrator.name,
        role=administrator.role,
        tenant_id=administrator.tenant,
        disabled=administrator.is_disabled,
        created_at=moment_of(administrator.created),
    )
