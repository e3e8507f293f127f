"""The routes of logins and of administrators."""

from collections.abc import Sequence

import msgspec

from gigamost.admin import people, wire
from gigamost.admin.administrators import Administrators
from gigamost.admin.cookies import clear_cookie, set_cookie
from gigamost.admin.entry import Entry
from gigamost.admin.exchange import PAGED, Answer, Asked, Owned, Route
from gigamost.admin.logins import Logins
from gigamost.admin.reading import parse
from gigamost.admin.terms import moment_of
from gigamost.auth.administrators import Actor
from gigamost.auth.pages import check_own_page
from gigamost.core.secret import Secret


def login_routes(logins: Logins, entry: Entry) -> Sequence[Route]:
    async def login(asked: Asked) -> Answer:
        check_own_page(asked.peer.headers)
        given = asked.read(people.Login)
        opened = await logins.login(given.name, Secret(given.password), entry.address(asked.peer))
        token, ends = opened.token.reveal(), opened.session.ends
        told = people.LoggedIn(token=token, expires_at=moment_of(ends), administrator=_me(opened.actor, ends))
        return Answer(told, headers=(set_cookie(token, asked.peer),))

    async def logout(asked: Asked) -> Answer:
        asked.read(wire.Nothing)
        await logins.logout(asked.by)
        return Answer(wire.Nothing(), headers=(clear_cookie(asked.peer),))

    async def me(asked: Asked) -> Answer:
        return Answer(_me(asked.by, await logins.ends(asked.by)))

    async def password(asked: Asked) -> Answer:
        given = asked.read(people.OwnPassword)
        current, new = Secret(given.current), Secret(given.password)
        await logins.change_password(asked.by, current, new, entry.address(asked.peer))
        return Answer(wire.Nothing(), headers=(clear_cookie(asked.peer),))

    nothing, own = wire.Nothing, people.OwnPassword
    return (
        Route("POST", "/login", login, "Begins a session.", people.LoggedIn, people.Login, is_open=True),
        Route("POST", "/logout", logout, "Ends the session.", nothing, nothing, role="viewer", within="call"),
        Route("GET", "/me", me, "Who asks.", people.Me, within="call"),
        Route("POST", "/me/password", password, "Sets the own password.", nothing, own, role="viewer", within="call"),
    )


def administrator_routes(administrators: Administrators) -> Sequence[Route]:
    async def create(asked: Asked) -> Answer:
        return Answer(await administrators.create(asked.read(people.NewAdministrator), asked.by), 201)

    async def page(asked: Asked) -> Answer:
        return Answer(await administrators.page(asked.page(), asked.by))

    async def get(asked: Asked) -> Answer:
        return Answer(await administrators.get(asked.path["id"]))

    async def patch(asked: Asked) -> Answer:
        return Answer(await administrators.patch(asked.path["id"], parse(asked.body), asked.by))

    async def disable(asked: Asked) -> Answer:
        return Answer(await administrators.disable(asked.path["id"], asked.by))

    async def password(asked: Asked) -> Answer:
        secret = Secret(asked.read(people.NewPassword).password)
        return Answer(await administrators.set_password(asked.path["id"], secret, asked.by))

    one, many, new = people.Administrator, wire.Page[people.Administrator], people.NewAdministrator
    owned, path = Owned("administrator", administrators.tenant_of), "/administrators"
    its_password = f"{path}/{{id}}/password"
    routes = (
        Route("POST", path, create, "Creates an administrator.", one, new, status=201, within="call"),
        Route("GET", path, page, "Lists administrators, the newest first.", many, query=PAGED, within="call"),
        Route("GET", path + "/{id}", get, "One administrator, by id or name.", one, within=owned),
        Route("PATCH", path + "/{id}", patch, "Changes an administrator.", one, people.Terms, within=owned),
        Route("DELETE", path + "/{id}", disable, "Disables an administrator.", one, within=owned),
        Route("POST", its_password, password, "Sets somebody else's password.", one, people.NewPassword, within=owned),
    )
    return tuple(msgspec.structs.replace(route, role="admin") for route in routes)


def _me(actor: Actor, ends: int | None) -> people.Me:
    return people.Me(
        id=actor.id or None,
        name=actor.name,
        role=actor.role,
        tenant_id=actor.tenant,
        expires_at=None if ends is None else moment_of(ends),
    )
