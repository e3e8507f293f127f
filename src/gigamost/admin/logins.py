"""Logins and sessions of administrators.

A session is looked up in the store with every request, together with its administrator: a logout, another role, another
password or a disabled account ends it on every replica with the next request.
"""

import logging
import secrets
from typing import Final

import msgspec

from gigamost.admin.office import Office
from gigamost.admin.secrecy import Secrecy
from gigamost.auth import sessions as rules
from gigamost.auth.administrators import Actor, ended, name_of
from gigamost.auth.links import Links
from gigamost.auth.passwords import check_new
from gigamost.core.administrators import Administrator, Session
from gigamost.core.errors import GatewayError, Kind, invalid
from gigamost.core.secret import Secret
from gigamost.limits.attempts import Attempts

log = logging.getLogger(__name__)

BY_LINK: Final = Actor("one-time link", "admin")


class Opened(msgspec.Struct, frozen=True):
    """A session that has just begun; `token` is told this once."""

    token: Secret
    session: Session
    actor: Actor


class Logins:
    """`links` are there where a one-time link may let somebody in: in dev mode on this machine. Every method raises
    GatewayError: 401, 429, 503."""

    def __init__(
        self, office: Office, secrecy: Secrecy, tickets: rules.Tickets, attempts: Attempts, links: Links | None = None
    ) -> None:
        self._office = office
        self._secrecy = secrecy
        self._tickets = tickets
        self._attempts = attempts
        self.links = links

    async def login(self, name: str, password: Secret, address: str) -> Opened:
        """Nobody learns which of the two was wrong, nor from the time that it takes."""
        grant = await self._attempts.begin(name.strip().lower(), address)
        try:
            found = await self._find(name)
            fits = await self._secrecy.fits(password, found.password if found is not None else None)
        except GatewayError:
            self._attempts.forgive(grant)  # nobody can say that it was wrong
            raise
        if found is None or not fits or found.is_disabled:
            log.warning("a login as %s from %s was refused", found.name if found else "somebody unknown", address)
            raise GatewayError(Kind.UNAUTHENTICATED, "The name or the password is wrong.", code="login_refused")
        self._attempts.forgive(grant)
        await self._renew(found, password)
        return await self._begin(_actor(found), found.epoch)

    async def enter(self, link: str) -> Opened:
        """By the text of a one-time link."""
        if self.links is None or not self.links.use(link):
            message = "This link was used already, or its time is over: start the gateway again to get a new one."
            raise GatewayError(Kind.UNAUTHENTICATED, message, code="link_refused")
        return await self._begin(BY_LINK, 0)

    async def actor(self, token: str) -> Actor:
        """Whose session this token stands for."""
        digest = self._tickets.digest(token)
        found = await self._session(digest) if digest is not None else None
        if found is None:
            raise GatewayError(Kind.UNAUTHENTICATED, "This session is over: log in again.", code="session_ended")
        session, actor = found
        now = self._office.now()
        if now - session.seen >= rules.SEEN:
            await (await self._office.directory()).sessions.see(session.digest, int(now))
        return actor

    async def ends(self, actor: Actor) -> int | None:
        """When the session that the actor came with ends at the latest (unix seconds); None without one."""
        found = await self._session(actor.session) if actor.session else None
        return found[0].ends if found is not None else None

    async def logout(self, actor: Actor) -> None:
        if actor.session:
            await (await self._office.directory()).sessions.end(actor.session)

    async def change_password(self, actor: Actor, current: Secret, new: Secret, address: str) -> None:
        """The actor's own; it ends all of the actor's sessions."""
        administrators = (await self._office.directory()).administrators
        found = await administrators.get(actor.id) if actor.id else None
        if found is None:
            raise invalid(f"The {actor.name} has no password here.", code="no_account")
        check_new(new, found.name)
        grant = await self._attempts.begin(found.name, address)
        try:
            fits = await self._secrecy.fits(current, found.password)
        except GatewayError:
            self._attempts.forgive(grant)
            raise
        if not fits:
            message = "current: this is not your password."
            raise GatewayError(Kind.FORBIDDEN, message, param="current", code="login_refused")
        self._attempts.forgive(grant)
        kept = await self._secrecy.keep(new)

        def edit(each: Administrator) -> Administrator:
            return ended(msgspec.structs.replace(each, password=kept))

        await administrators.edit(found.id, edit, self._office.change(actor.name, "administrator.password", found.id))

    async def _find(self, name: str) -> Administrator | None:
        try:
            known = name_of(name)
        except GatewayError:
            return None  # such a name nobody has
        found = await (await self._office.directory()).administrators.get(known)
        return found if found is not None and found.name == known else None

    async def _renew(self, administrator: Administrator, password: Secret) -> None:
        """What hangs on a former root secret, or is cheaper than what is made today, is kept anew."""
        if not self._secrecy.is_outdated(administrator.password):
            return
        kept = await self._secrecy.keep(password)

        def edit(each: Administrator) -> Administrator:
            # Somebody may have set another one meanwhile.
            same = each.password == administrator.password
            return msgspec.structs.replace(each, password=kept) if same else each

        change = self._office.change(administrator.name, "administrator.rehash", administrator.id)
        await (await self._office.directory()).administrators.edit(administrator.id, edit, change)

    async def _begin(self, actor: Actor, epoch: int) -> Opened:
        office, now = self._office, int(self._office.now())
        ticket = self._tickets.make(secrets.token_bytes(rules.ENTROPY))
        session = Session(ticket.digest, actor.id, epoch, now, now, now + rules.LONGEST)
        change = office.change(actor.name, "administrator.login", actor.id or actor.name)
        await (await office.directory()).sessions.begin(session, msgspec.structs.replace(change, tenant=actor.tenant))
        return Opened(Secret(ticket.text), session, msgspec.structs.replace(actor, session=ticket.digest))

    async def _session(self, digest: bytes) -> tuple[Session, Actor] | None:
        """One that is good now, and whose it is."""
        found = await (await self._office.directory()).sessions.find(digest)
        if found is None:
            return None
        session, administrator = found
        if rules.is_over(session, self._office.now()):
            return None
        if not session.administrator:
            # One of dev mode: a gateway that gives no links does not know it.
            return None if self.links is None else (session, msgspec.structs.replace(BY_LINK, session=digest))
        if administrator is None or not rules.is_of(session, administrator):
            return None
        return session, msgspec.structs.replace(_actor(administrator), session=digest)


def _actor(administrator: Administrator) -> Actor:
    return Actor(administrator.name, administrator.role, administrator.tenant, administrator.id)
