"""The accounts of the settings' credentials, and of the credentials that clients bring themselves."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Sequence
from time import monotonic, time
from typing import Any, Final

import msgspec

from gigamost.app.counting import Counting
from gigamost.app.making import UPSTREAM, Maker, Row
from gigamost.config import Credential, GigaChat, Settings
from gigamost.core.errors import GatewayError, Kind, invalid
from gigamost.core.secret import Secret
from gigamost.upstreams import inquiry
from gigamost.upstreams.account import Account
from gigamost.upstreams.credentials.key import clean_key, fault_in_key
from gigamost.upstreams.fleet import Standing, Trial, standing
from gigamost.upstreams.http import TransportError
from gigamost.upstreams.russian_root import Trust

__all__ = ["UPSTREAM", "Accounts"]

log = logging.getLogger(__name__)

_CLIENTS: Final = 1000  # clients' own credentials that are kept at the same time
_FIRST_BALANCE: Final = 30.0  # seconds after the start
_BALANCE: Final = 600.0  # seconds between two questions for what is left of packages
_WATCH: Final = 0.1  # seconds between two looks at a credential that drains


class Accounts:
    """The operator's accounts by name, in the order of the settings (`upstreams.fleet.Fleet`), and clients' own.

    `trust` says after `start` what became of the Russian root certificate, None where it is not needed. Raises
    ValueError for files that cannot be used.
    """

    def __init__(self, settings: Settings, counting: Counting) -> None:
        self._maker = Maker(settings, counting)
        self._clients: OrderedDict[str, Account] = OrderedDict()
        self._work: set[asyncio.Task[object]] = set()
        self.trust: Trust | None = None
        self._gigachat = settings.gigachat
        self._rows = {row.name: row for row in _rows(settings)}
        self._given = dict(self._rows)  # as the settings have them: a rotated key is in `_rows` alone
        self._accounts = {name: self._maker.of_row(row) for name, row in self._rows.items()}
        self._leaving: set[Account] = set()
        self._serving: dict[str, tuple[Account, ...]] = {}
        self._changed()

    @property
    def operator(self) -> tuple[Account, ...]:
        """Those of GigaChat that take requests."""
        return self._serving.get(UPSTREAM, ())

    def of_upstream(self, upstream: str) -> tuple[Account, ...]:
        """Those of this upstream that take requests."""
        return self._serving.get(upstream, ())

    async def start(self) -> None:
        if self._needs_root():
            await self._trust_root()
        for account in self._accounts.values():
            self._spawn(_first_token(account))
        self._spawn(self._watch_balances())

    async def close(self) -> None:
        for task in tuple(self._work):
            task.cancel()
        for account in (*self._accounts.values(), *self._leaving, *self._clients.values()):
            await account.tokens.close()
        await self._maker.transports.close()

    def standings(self) -> Sequence[Standing]:
        """A credential that was replaced or taken out is among them until its last request has ended."""
        now, unix = monotonic(), time()
        return [standing(account, now, unix) for account in (*self._accounts.values(), *self._leaving)]

    async def test(self, name: str) -> Trial:
        """Beside the gate."""
        account, began = self._named(name), monotonic()
        try:
            listed = await inquiry.models(account)
            spent = round((monotonic() - began) * 1000)
            if listed.status != 200:
                return Trial(ok=False, duration_ms=spent, problem=f"the upstream answered {listed.status}")
            if account.upstream == UPSTREAM:
                account.balance = await inquiry.balance(account)
        except GatewayError as error:
            return Trial(ok=False, problem=error.problem.detail or error.problem.message)
        except TransportError as error:
            return Trial(ok=False, problem=f"{error.reason}: {error}")
        return Trial(ok=True, models=listed.count, duration_ms=spent, balance=account.balance)

    def drain(self, name: str, *, resume: bool = False) -> Standing:
        account = self._named(name)
        account.is_draining = not resume
        self._changed()
        return standing(account, monotonic(), time())

    async def rotate(self, name: str, key: Secret) -> Standing:
        """Raises GatewayError: 404, 400 for what cannot be a key, 502 where the upstream does not take it."""
        self._named(name)
        row = self._rows[name]
        if isinstance(row, Credential):
            key = Secret(clean_key(key.reveal()))
            if fault := fault_in_key(key.reveal()):
                raise invalid(f"This cannot be a key: {fault}.", "key")
        changed = _with_key(row, key)
        account = self._maker.of_row(changed)
        try:
            await account.tokens.get()
        except GatewayError:
            await account.tokens.close()
            raise
        self._replace(changed, account)
        return standing(account, monotonic(), time())

    def take(self, name: str, key: Secret) -> None:
        """As `rotate`, with a key that another process of this gateway has tried already."""
        row = self._rows.get(name)
        if row is not None:
            changed = _with_key(row, key)
            self._replace(changed, self._maker.of_row(changed))

    def adopt(self, rows: Iterable[Row]) -> None:
        """The operator's credentials are these from now on: new ones serve at once, those that are gone or changed end
        what they have. One that did not change stays as it is, with a key that was rotated too. Raises ValueError: then
        nothing has changed."""
        self._prepared(tuple(rows), self._maker)()

    def prepared(self, settings: Settings) -> Callable[[], None]:
        """What puts the credentials of these settings in force as `adopt` does, and cannot fail. Raises ValueError,
        OSError and GatewayError."""
        maker, before, after = self._maker.adopting(settings), self._gigachat, settings.gigachat
        take_over = self._prepared(_rows(settings), maker)

        def apply() -> None:
            self._maker, self._gigachat = maker, after
            take_over()
            for account in self._accounts.values():
                if account.upstream == UPSTREAM:
                    account.silence = after.timeout
            if _for_clients(before) != _for_clients(after):
                for account in self._clients.values():
                    self._spawn(self._last_request(account))
                self._clients.clear()
            if self.trust is None and self._needs_root():
                self._spawn(self._trust_root())

        return apply

    def _prepared(self, rows: tuple[Row, ...], maker: Maker) -> Callable[[], None]:
        given = {row.name: row for row in rows}
        wanted = {name: self._as_rotated(row) for name, row in given.items()}
        made = {name: maker.of_row(row) for name, row in wanted.items() if self._rows.get(name) != row}

        def apply() -> None:
            for name in [name for name in self._accounts if name not in wanted]:
                self.remove(name)
            for name, account in made.items():
                self._spawn(_first_token(account))
                self._replace(wanted[name], account)
            self._given = given
            self._accounts = {name: self._accounts[name] for name in wanted}
            self._changed()

        return apply

    def _as_rotated(self, row: Row) -> Row:
        """With the key that it was given meanwhile, unless the settings have another one than before too."""
        before, now = self._given.get(row.name), self._rows.get(row.name)
        if before is None or now is None or type(now) is not type(row) or _identity(now) == _identity(before):
            return row
        return _with_key(row, _identity(now)[0]) if _identity(row) == _identity(before) else row

    def _needs_root(self) -> bool:
        return self._maker.transports.needs_russian_root(self._gigachat.pool)

    async def _trust_root(self) -> None:
        self.trust = await self._maker.transports.trust_russian_root()

    def remove(self, name: str) -> None:
        """It gets nothing new, and is forgotten when its last request has ended. Raises GatewayError (404)."""
        self._retire(self._named(name))
        del self._accounts[name], self._rows[name]
        self._changed()

    async def _watch_balances(self) -> None:
        delay = _FIRST_BALANCE
        while True:
            await asyncio.sleep(delay)
            delay = _BALANCE
            for account in self.operator:
                try:
                    account.balance = await inquiry.balance(account)
                except (GatewayError, TransportError) as error:
                    log.debug("%s: what is left of its packages cannot be asked: %s", account.name, error)

    def _replace(self, row: Row, account: Account) -> None:
        before = self._accounts.get(row.name)
        self._rows[row.name], self._accounts[row.name] = row, account
        if before is not None:
            account.is_draining = before.is_draining
            before.successor = account
            self._retire(before)
        self._changed()

    def _retire(self, account: Account) -> None:
        account.is_draining = True
        self._leaving.add(account)
        self._spawn(self._last_request(account))

    async def _last_request(self, account: Account) -> None:
        while account.load:  # noqa: ASYNC110 - gates have no event for it, and nobody waits for this
            await asyncio.sleep(_WATCH)
        self._leaving.discard(account)
        await account.tokens.close()

    def _named(self, name: str) -> Account:
        account = self._accounts.get(name)
        if account is None:
            raise GatewayError(Kind.NOT_FOUND, f"There is no upstream {name[:80]!r}: {', '.join(self._accounts)}.")
        return account

    def _changed(self) -> None:
        serving: dict[str, tuple[Account, ...]] = {}
        for account in self._accounts.values():
            if not account.is_draining:
                serving[account.upstream] = (*serving.get(account.upstream, ()), account)
        self._serving = serving

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    def of_client(self, authorization: Secret) -> Account:
        """The account of a credential that a client brought. Raises GatewayError (401) when it is none."""
        credential = self._maker.read(authorization)
        account = self._clients.get(credential.id)
        if account is None:
            account = self._maker.of_client(credential)
            self._clients[credential.id] = account
            if len(self._clients) > _CLIENTS:
                self._clients.popitem(last=False)
        self._clients.move_to_end(credential.id)
        return account


def _rows(settings: Settings) -> tuple[Row, ...]:
    return (*settings.gigachat.pool, *settings.upstreams)


def _identity(row: Row) -> tuple[Secret | None, str, Secret | None]:
    """What of a row a rotation replaces, the key first."""
    return (row.key, row.user, row.password) if isinstance(row, Credential) else (row.api_key, "", None)


def _with_key(row: Row, key: Secret | None) -> Row:
    if isinstance(row, Credential):
        return msgspec.structs.replace(row, key=key, user="", password=None)
    return msgspec.structs.replace(row, api_key=key)


def _for_clients(gigachat: GigaChat) -> tuple[str, str, str, float]:
    """What the accounts of clients' own credentials are made with."""
    return gigachat.base_url, gigachat.auth_url, gigachat.scope, gigachat.timeout


async def _first_token(account: Account) -> None:
    """So that the first request does not wait for it, and `/health` knows. The token source tells why it failed."""
    try:
        await account.tokens.get()
    except GatewayError as error:
        log.warning("%s: %s (%s)", account.name, error, error.problem.detail)
