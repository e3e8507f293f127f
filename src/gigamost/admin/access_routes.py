"""The routes of keys, tenants and the audit."""

from collections.abc import Sequence

from gigamost.admin import wire
from gigamost.admin.exchange import PAGED, Answer, Asked, Owned, Route
from gigamost.admin.keys import Keys
from gigamost.admin.office import Office
from gigamost.admin.reading import parse
from gigamost.admin.tenants import Tenants


def key_routes(keys: Keys) -> Sequence[Route]:
    async def create(asked: Asked) -> Answer:
        return Answer(await keys.create(asked.read(wire.NewKey), asked.actor, asked.tenant), 201)

    async def page(asked: Asked) -> Answer:
        return Answer(await keys.page(asked.page(), asked.tenant))

    async def get(asked: Asked) -> Answer:
        return Answer(await keys.get(asked.path["id"]))

    async def patch(asked: Asked) -> Answer:
        return Answer(await keys.patch(asked.path["id"], parse(asked.body), asked.actor))

    async def revoke(asked: Asked) -> Answer:
        asked.read(wire.Nothing)
        return Answer(await keys.revoke(asked.path["id"], asked.actor))

    async def rotate(asked: Asked) -> Answer:
        return Answer(await keys.rotate(asked.path["id"], asked.read(wire.Rotate), asked.actor))

    keys_page, made, key, own = wire.Page[wire.Key], wire.MadeKey, wire.Key, Owned("key", keys.tenant_of)
    new, terms, shown_once = wire.NewKey, wire.KeyTerms, "Creates a key, and shows it this once."
    return (
        Route("POST", "/keys", create, shown_once, made, new, status=201, within="call"),
        Route("GET", "/keys", page, "Lists keys, the newest first.", keys_page, query=PAGED, within="call"),
        Route("GET", "/keys/{id}", get, "One key.", key, within=own),
        Route("PATCH", "/keys/{id}", patch, "Changes a key: null takes a field back.", key, terms, within=own),
        Route("POST", "/keys/{id}/revoke", revoke, "Ends a key for ever.", key, wire.Nothing, within=own),
        Route("POST", "/keys/{id}/rotate", rotate, "Gives a key a new text.", wire.RotatedKey, wire.Rotate, within=own),
    )


def tenant_routes(tenants: Tenants) -> Sequence[Route]:
    async def create(asked: Asked) -> Answer:
        return Answer(await tenants.create(asked.read(wire.TenantTerms), asked.actor), 201)

    async def page(asked: Asked) -> Answer:
        return Answer(await tenants.page(asked.page(), asked.tenant))

    async def get(asked: Asked) -> Answer:
        return Answer(await tenants.get(asked.path["id"]))

    async def patch(asked: Asked) -> Answer:
        return Answer(await tenants.patch(asked.path["id"], parse(asked.body), asked.actor))

    async def revoke(asked: Asked) -> Answer:
        asked.read(wire.Nothing)
        return Answer(await tenants.revoke(asked.path["id"], asked.actor))

    tenants_page, own = wire.Page[wire.Tenant], Owned("tenant", tenants.id_of)
    return (
        Route("POST", "/tenants", create, "Creates a tenant.", wire.Tenant, wire.TenantTerms, status=201),
        Route("GET", "/tenants", page, "Lists tenants, the newest first.", tenants_page, query=PAGED, within="call"),
        Route("GET", "/tenants/{id}", get, "One tenant, by id or name.", wire.Tenant, within=own),
        Route("PATCH", "/tenants/{id}", patch, "Changes a tenant.", wire.Tenant, wire.TenantTerms),
        Route("POST", "/tenants/{id}/revoke", revoke, "Disables a tenant and its keys.", wire.Tenant, wire.Nothing),
    )


def audit_routes(office: Office) -> Sequence[Route]:
    async def page(asked: Asked) -> Answer:
        place = asked.page()
        return Answer(await office.audit(place.cursor, place.limit, asked.tenant))

    changes = wire.Page[wire.Change]
    said = "What administrators changed, the newest first."
    return (Route("GET", "/audit", page, said, changes, query=PAGED, within="call"),)
