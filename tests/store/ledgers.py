"""Intents and settlements for the tests of the ledger, and the ledgers that they run over."""

from gigamost.core.accounting import Hold, Intent, Settlement, State
from gigamost.core.usage import Usage

DAY = 86_400
NOON = 1_800_014_400.0 // DAY * DAY + DAY / 2  # of some day
ESTIMATE = Usage(100, 50, 0, 0, estimated=True)
USAGE = Usage(80, 20, 10, 5)


def intent(
    name: str,
    *holds: Hold,
    key: str = "k1",
    tenant: str = "t1",
    model: str = "GigaChat-2",
    replica: str = "here",
    started: float = NOON,
    reserved: int = 1000,
) -> Intent:
    return Intent(name, replica, started, key, tenant, "openai", model, reserved, ESTIMATE, holds, f"client-{name}")


def settlement(
    name: str, *, cost: int = 300, state: State = "done", status: int = 200, usage: Usage = USAGE
) -> Settlement:
    return Settlement(name, NOON + 2, state, status, usage, cost, (), "gigachat", 1, 120, 2000)


def hold(amount: int = 1000, limit: int = 10_000, owner: str = "key:k1", began: int = 0) -> Hold:
    return Hold(owner, "day" if began else "total", began, amount, limit)
