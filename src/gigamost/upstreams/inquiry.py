"""What an upstream is asked beside clients' requests and beside the gate: its models, and what is left of packages."""

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from gigamost.upstreams.account import Account
from gigamost.upstreams.http import HttpAnswer

Shape = TypeVar("Shape")
_JSON: Final = {"Accept": "application/json"}


class Models(msgspec.Struct, frozen=True):
    """`count` is None where the upstream answered, but with no list."""

    status: int
    count: int | None


class _List(msgspec.Struct):
    data: list[object]


class _Package(msgspec.Struct):
    usage: str
    value: float


class _Balance(msgspec.Struct):
    balance: list[_Package]


async def models(account: Account) -> Models:
    """Raises GatewayError when no token can be had, TransportError when no answer came."""
    answer = await _get(account, "/models")
    listed = _read(answer, _List)
    return Models(answer.status, len(listed.data) if listed is not None else None)


async def balance(account: Account) -> Mapping[str, float] | None:
    """The tokens that are left of GigaChat's packages, by their use; None where nothing was bought in advance: such an
    account gets a 403 (gigachat-api.md section 6.5). Raises as `models` does."""
    found = _read(await _get(account, "/balance"), _Balance)
    return {each.usage: each.value for each in found.balance} if found is not None else None


async def _get(account: Account, path: str) -> HttpAnswer:
    response, refuse_token = await account.send("GET", path, _JSON)
    try:
        answer = HttpAnswer(response.status, dict(response.headers), await response.read())
    finally:
        response.close()
    if answer.status == 401:
        refuse_token()
    return answer


def _read(answer: HttpAnswer, shape: type[Shape]) -> Shape | None:
    """None for an answer that has no such thing: a tariff without packages, a server without a list."""
    if answer.status != 200:
        return None
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
