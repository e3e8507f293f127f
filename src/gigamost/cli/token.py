"""`token info` and `token refresh`: what each credential's access token is good for. The token itself is not shown."""

import asyncio
import time
from datetime import UTC, datetime

import msgspec

from gigamost.cli.terminal import CommandError, say, table, working
from gigamost.cli.upstream import account, first_credential
from gigamost.config import Credential, Settings, load
from gigamost.core.errors import GatewayError


class TokenState(msgspec.Struct, frozen=True):
    """One row. `expires_at` is ISO 8601, `expires_in` seconds, both None when the upstream does not say."""

    credential: str
    scope: str
    state: str
    expires_at: str | None
    expires_in: int | None
    error: str


def show(output: str) -> None:
    """Asks for a token with every credential, as the gateway does at its first request, and says what came of it."""
    settings = load()
    first_credential(settings)
    with working("Asking for access tokens"):
        states = asyncio.run(_states(settings))
    if output == "json":
        say(msgspec.json.format(msgspec.json.encode(states)).decode())
    else:
        columns = ("credential", "scope", "state", "expires", "in", "error")
        table(columns, [_row(state) for state in states])
    if any(state.state == "failed" for state in states):
        raise CommandError("Not every credential gets a token: `gigamost doctor` looks closer.")


async def _states(settings: Settings) -> list[TokenState]:
    return list(await asyncio.gather(*(_state(settings, credential) for credential in settings.gigachat.pool)))


async def _state(settings: Settings, credential: Credential) -> TokenState:
    error = ""
    async with account(settings, credential) as connected:
        try:
            await connected.tokens.get()
        except GatewayError as failure:
            error = failure.problem.detail or failure.problem.message
        info = connected.tokens.info()
    expires_at = None if info.expires_at is None else datetime.fromtimestamp(info.expires_at, UTC)
    return TokenState(
        credential.name,
        credential.scope,
        info.state,
        expires_at.isoformat(timespec="seconds") if expires_at else None,
        round(info.expires_at - time.time()) if info.expires_at is not None else None,
        error or info.last_error,
    )


def _row(state: TokenState) -> tuple[str, ...]:
    remaining = "" if state.expires_in is None else f"{state.expires_in // 60} min"
    return (state.credential, state.scope, state.state, state.expires_at or "not said", remaining, state.error)
