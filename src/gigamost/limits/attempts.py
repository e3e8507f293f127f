"""How often a login may be tried: so many failures by name and by address in a quarter of an hour, then 429.

An attempt counts from its beginning, so that many at once are not more than many in a row; one that succeeds is given
back. All gateways count together where limits are shared.
"""

import hashlib
import math
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.limiting import Draw, Full, Grant
from gigamost.core.ports import Counters

WINDOW: Final = 15 * 60  # seconds
BY_NAME: Final = 10
BY_ADDRESS: Final = 30


class Attempts:
    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    async def begin(self, name: str, address: str) -> Grant:
        """Raises GatewayError (429). Somebody may have typed the password for the name: neither is ever kept."""
        draws = (
            Draw(_owner("name", name), "requests", WINDOW, BY_NAME, 1),
            Draw(_owner("address", _network(address)), "requests", WINDOW, BY_ADDRESS, 1),
        )
        outcome = await self._counters.take(draws)
        if isinstance(outcome, Full):
            wait = max(1, math.ceil(outcome.wait))
            message = f"There were too many failed logins: try again in {max(1, round(wait / 60))} min."
            raise GatewayError(Kind.RATE_LIMITED, message, code="too_many_logins", retry_after=float(wait))
        return outcome

    def forgive(self, grant: Grant) -> None:
        """It was no failure."""
        self._counters.correct(grant, 0)


def _owner(kind: str, text: str) -> str:
    return f"login:{kind}:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _network(address: str) -> str:
    """Whoever has one address of IPv6 has 2^64 of them."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else address
