"""GigaChat as the commands reach it: one credential with its transport and its token, without a gateway around."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from gigamost.app.accounts import Accounts
from gigamost.app.counting import Counting
from gigamost.cli.terminal import CommandError
from gigamost.config import Credential, Settings
from gigamost.upstreams.account import Account
from gigamost.upstreams.http import HttpAnswer, HttpRequest, Transport, TransportError

WHERE_TO_GET_A_KEY = (
    "No GigaChat credential is set.",
    'Get one at https://developers.sber.ru: a project of "GigaChat API", its "Authorization key".',
    "Then run `gigamost setup`, or set GIGACHAT_CREDENTIALS (and GIGACHAT_SCOPE if you are not an individual).",
    "`gigamost demo` shows everything without a key.",
)
SILENCE = 15.0  # seconds: a command is watched by somebody


async def fetch(transport: Transport, request: HttpRequest) -> HttpAnswer:
    """One whole answer. Raises TransportError."""
    response = await transport.send(request, silence=SILENCE)
    try:
        return HttpAnswer(response.status, dict(response.headers), await response.read())
    finally:
        response.close()


async def get(account: Account, path: str) -> HttpAnswer:
    """Raises GatewayError when there is no token, TransportError when no answer comes."""
    response, _ = await account.send("GET", path, {"Accept": "application/json"})
    try:
        return HttpAnswer(response.status, dict(response.headers), await response.read())
    finally:
        response.close()


@asynccontextmanager
async def account(settings: Settings, credential: Credential) -> AsyncIterator[Account]:
    """The credential as the gateway would use it. Raises CommandError that names the setting which is wrong."""
    gigachat = msgspec.structs.replace(settings.gigachat, pool=(credential,))
    try:
        accounts = Accounts(msgspec.structs.replace(settings, gigachat=gigachat), Counting(settings))
    except (ValueError, OSError) as error:
        raise CommandError(str(error)) from error
    try:
        yield accounts.operator[0]
    finally:
        await accounts.close()


def first_credential(settings: Settings) -> Credential:
    """Raises CommandError that says where to get one."""
    if not settings.gigachat.pool:
        raise CommandError(*WHERE_TO_GET_A_KEY)
    return settings.gigachat.pool[0]


def unreachable(error: TransportError) -> str:
    return f"{error.reason}: {error}"
