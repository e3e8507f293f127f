"""What administrators do with keys. The text of a key leaves here once, when it is made; nobody keeps it."""

import msgspec

from gigamost.admin import wire
from gigamost.admin.exchange import Place, missing
from gigamost.admin.office import Office
from gigamost.admin.reading import JsonValue, fit, merged
from gigamost.admin.terms import (
    budget_of,
    check_within,
    defaults_of,
    key_shown,
    key_terms,
    moment_of,
    rates_of,
    scope_of,
    seconds_of,
)
from gigamost.auth import keys as rules
from gigamost.core.errors import GatewayError, Kind, invalid
from gigamost.core.tenancy import DEFAULT_TENANT, Key, Tenant


class Keys:
    """Every method raises GatewayError: 400 that names the field, 404, 503. `actor` is who asks, for the audit."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def create(self, new: wire.NewKey, actor: str, within: str | None = None) -> wire.MadeKey:
        """`within` is the id of the tenant to which the actor is confined: for that one there is no other."""
        office = self._office
        directory = await office.directory()
        tenant = await directory.tenants.get(new.tenant or within or DEFAULT_TENANT)
        if tenant is None or within not in (None, tenant.id):
            message = f"tenant: there is no tenant {new.tenant!r}: create it first."
            raise invalid(message, "tenant", "unknown_tenant")
        text = rules.make(office.entropy(rules.ENTROPY))
        bare = Key(
            id=office.new_id("key"),
            name=new.name,
            tenant=tenant.id,
            digest=rules.digest(office.pepper, text),
            prefix=rules.prefix(text),
            created=int(office.now()),
            root=office.root,
        )
        key = self._with_terms(bare, new, tenant)
        await directory.keys.add(key, office.change(actor, "key.create", key.id, new))
        await office.tell()
        shown = msgspec.structs.asdict(key_shown(key, office.now()))
        return wire.MadeKey(**shown, key=text)

    async def page(self, place: Place, tenant: str | None = None) -> wire.Page[wire.Key]:
        """With `tenant`, an id, its keys alone."""
        found = await (await self._office.directory()).keys.page(place.cursor, place.limit + 1, tenant)
        data = tuple(key_shown(key, self._office.now()) for key in found[: place.limit])
        return wire.Page(data=data, next_cursor=data[-1].id if len(found) > place.limit else None)

    async def get(self, id_: str) -> wire.Key:
        return key_shown(await self._find(id_), self._office.now())

    async def tenant_of(self, id_: str) -> str | None:
        """Whose it is; None when there is no such key."""
        found = await (await self._office.directory()).keys.get(id_)
        return found.tenant if found is not None else None

    async def patch(self, id_: str, patch: JsonValue, actor: str) -> wire.Key:
        """`patch` is merged into what the key has (RFC 7396)."""
        directory = await self._office.directory()
        tenant = await directory.tenants.get((await self._find(id_)).tenant)

        def edit(key: Key) -> Key:
            wanted = fit(merged(msgspec.to_builtins(key_terms(key)), patch), wire.KeyTerms)
            return self._with_terms(key, wanted, tenant)

        change = self._office.change(actor, "key.update", id_, patch)
        edited = await directory.keys.edit(id_, edit, change)
        await self._office.tell()
        return key_shown(_there(edited, id_), self._office.now())

    async def revoke(self, id_: str, actor: str) -> wire.Key:
        """At once and for ever; again it changes nothing."""
        now = int(self._office.now())

        def edit(key: Key) -> Key:
            return msgspec.structs.replace(key, revoked=now if key.revoked is None else key.revoked, former=())

        keys = (await self._office.directory()).keys
        edited = await keys.edit(id_, edit, self._office.change(actor, "key.revoke", id_))
        await self._office.tell()
        return key_shown(_there(edited, id_), self._office.now())

    async def rotate(self, id_: str, wish: wire.Rotate, actor: str) -> wire.RotatedKey:
        """A new text for the same key: its id, its terms and what it has spent stay."""
        office, now = self._office, int(self._office.now())
        text = rules.make(office.entropy(rules.ENTROPY))

        def edit(key: Key) -> Key:
            if key_shown(key, now).state != "active":
                raise invalid(
                    f"The key {key.name!r} is {key_shown(key, now).state}: create a new one.", code="key_ended"
                )
            return rules.rotated(key, text, office.pepper, now, wish.grace_seconds, office.root)

        keys = (await office.directory()).keys
        edited = _there(await keys.edit(id_, edit, office.change(actor, "key.rotate", id_, wish)), id_)
        await office.tell()
        ends = moment_of(now + wish.grace_seconds)
        return wire.RotatedKey(id=edited.id, key=text, prefix=edited.prefix, old_expires_at=ends)

    async def _find(self, id_: str) -> Key:
        return _there(await (await self._office.directory()).keys.get(id_), id_)

    def _with_terms(self, key: Key, terms: wire.KeyTerms, tenant: Tenant | None) -> Key:
        scope = scope_of(terms, self._office.faces)
        if tenant is not None:
            check_within(tenant, scope)
        return msgspec.structs.replace(
            key,
            name=terms.name,
            expires=seconds_of(terms.expires_at, "expires_at"),
            scope=scope,
            rates=rates_of(terms.limits),
            budget=budget_of(terms.budget),
            defaults=defaults_of(terms.defaults),
            pass_token=terms.pass_token,
        )


def _there(key: Key | None, id_: str) -> Key:
    if key is not None:
        return key
    if id_.startswith("config_"):
        message = "This key is in the configuration: change it there."
        raise GatewayError(Kind.NOT_FOUND, message, code="key_configured")
    raise missing("key", id_)
