"""What people are told of without asking: notices, the webhooks that want them, and what became of sending them.

    Finding ─ told once ─> Notice ─ Delivery* ─> Webhook        a delivery for each webhook that wants the notice

Times are unix seconds.
"""

from collections.abc import Mapping
from typing import Final, Literal, get_args

import msgspec

from gigamost.core.secret import Secret

Kind = Literal[
    "budget.soft",
    "budget.hard",
    "key.expiring",
    "upstream.down",
    "upstream.up",
    "token.trouble",
    "certificate.trouble",
    "batch.done",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
PING: Final = "ping"  # sent by hand; nobody has to ask for it
FOR_EVER: Final = 2.0**53

Json = str | int | float | bool | None
DeliveryState = Literal["waiting", "delivered", "failed", "dropped"]
Disabled = Literal["", "administrator", "gone"]  # gone: the receiver answered 410


class Finding(msgspec.Struct, frozen=True):
    """Something is so. `key` names it: whoever finds it again, here or in another gateway, tells nobody, until `keep`.
    One that `lasts` may end; then it can be found anew. `tenant` "": it concerns the operator alone."""

    kind: Kind
    key: str
    tenant: str
    data: Mapping[str, Json]
    keep: float = FOR_EVER
    lasts: bool = False


class Notice(msgspec.Struct, frozen=True):
    """A finding at its moment. `data` is a JSON object. Ids are ordered by time."""

    id: str
    at: float
    kind: str
    tenant: str
    data: msgspec.Raw
    key: str
    keep: float = FOR_EVER
    lasts: bool = False


class Webhook(msgspec.Struct, frozen=True):
    """Where notices go. `tenant` "": the operator's, which gets those of everybody. `events` are kinds, none: all.
    `secret` is empty for one that does not sign, None for one that nobody can read any more (its root secret is gone).
    `is_configured`: the configuration has it."""

    id: str
    tenant: str
    url: str
    events: tuple[str, ...]
    secret: Secret | None
    created: int
    disabled: Disabled = ""
    is_configured: bool = False


class Told(msgspec.Struct, frozen=True):
    """`is_new`: nobody had told it. `dropped` deliveries were given up because too many waited."""

    is_new: bool
    dropped: int = 0


class Claimed(msgspec.Struct, frozen=True):
    """A delivery that a worker has taken. `attempts` counts this one; `began` is when it waited first."""

    webhook: Webhook
    notice: Notice
    attempts: int
    began: float


class Attempt(msgspec.Struct, frozen=True):
    """What came back. `status` is HTTP's, 0 where there was none; `problem` is "" for one that was taken. A receiver
    may say in how many seconds it wants to be asked again."""

    at: float
    status: int
    problem: str = ""
    retry_after: float = 0.0


class Outcome(msgspec.Struct, frozen=True):
    """What becomes of a delivery after an attempt. `due` is when one that waits is tried again."""

    attempt: Attempt
    state: DeliveryState
    due: float = 0.0
    disables: bool = False


class Delivery(msgspec.Struct, frozen=True):
    """A delivery as it is read. `attempted` and `status` are those of the last attempt, None where there was none."""

    notice: str
    kind: str
    began: float
    state: DeliveryState
    attempts: int
    due: float
    attempted: float | None = None
    status: int | None = None
    problem: str = ""
