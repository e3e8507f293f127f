"""Who may use the gateway, for how much and how fast: tenants and their keys, as values."""

from typing import Literal

import msgspec

Period = Literal["day", "month", "total"]


class Rates(msgspec.Struct, frozen=True, omit_defaults=True):
    """The most of something in a time; None for no limit. Requests and tokens per minute and day, and requests at the
    same time."""

    rpm: int | None = None
    rpd: int | None = None
    tpm: int | None = None
    tpd: int | None = None
    concurrency: int | None = None


class Budget(msgspec.Struct, frozen=True):
    """`amount` and `soft` are micros (`ledger.money`): over `amount` requests are refused, over `soft` somebody is
    warned. Periods are those of UTC's calendar."""

    amount: int
    period: Period = "month"
    currency: str = "RUB"
    soft: int | None = None


class Scope(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a key may do; empty means everything. `models` may have `*`, `faces` are names of faces, `addresses` are
    networks in CIDR form from which it may be used."""

    models: tuple[str, ...] = ()
    faces: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


class Defaults(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a key's requests get. `model` serves requests that name none, `forced_model` all; `system` comes before the
    client's own system text; `profanity_check` is GigaChat's filter; `keeps_prompts` writes what is said into the
    history; `keeps_responses` False switches stored responses off; `cache_seconds` is for how long an answer is given
    again to the same question, None and 0: never."""

    model: str = ""
    forced_model: str = ""
    system: str = ""
    profanity_check: bool | None = None
    keeps_prompts: bool | None = None
    keeps_responses: bool | None = None
    priority: int = 0
    cache_seconds: int | None = None


class Tenant(msgspec.Struct, frozen=True):
    """Times are unix seconds. A disabled tenant's keys are refused. What its `scope` forbids no key of it may do."""

    id: str
    name: str
    created: int
    rates: Rates = Rates()
    budget: Budget | None = None
    defaults: Defaults = Defaults()
    is_disabled: bool = False
    scope: Scope = Scope()


class Former(msgspec.Struct, frozen=True):
    """What a key was before: it stays good until `expires` (unix seconds). `is_same`: the text was the same then, and
    only what its digest hangs on is another now; else it is a rotated key's, until the end of its grace."""

    digest: bytes
    expires: int
    is_same: bool = False


class Key(msgspec.Struct, frozen=True):
    """A client's key as it is known here: `digest` is an HMAC of it (`auth.keys`), `prefix` the part that may be shown.

    `expires` and `revoked` are unix seconds. `root` is the mark of the root secret that the digest hangs on
    (`auth.root.mark`), "" where nobody said. A rotation changes the digest and keeps the id, so that what the key has
    spent stays spent. `pass_token`: its requests bring their own GigaChat credential.
    """

    id: str
    name: str
    tenant: str
    digest: bytes
    prefix: str
    created: int
    expires: int | None = None
    revoked: int | None = None
    scope: Scope = Scope()
    rates: Rates = Rates()
    budget: Budget | None = None
    defaults: Defaults = Defaults()
    pass_token: bool = False
    former: tuple[Former, ...] = ()
    root: str = ""


class Change(msgspec.Struct, frozen=True):
    """Somebody changed something: `actor` did `action` (`key.create`) to `target`, an id, at `at` (unix seconds).
    `details` is a JSON object without secrets. Ids are ordered by time. `tenant` is the id of the one whose thing it
    was, None for what is nobody's alone."""

    id: str
    at: float
    actor: str
    action: str
    target: str
    details: msgspec.Raw = msgspec.Raw(b"{}")
    tenant: str | None = None


class Roll(msgspec.Struct, frozen=True):
    """Everybody who is known: the stored keys, revoked ones too, and tenants, as they were at `revision`."""

    revision: int
    keys: tuple[Key, ...] = ()
    tenants: tuple[Tenant, ...] = ()


DEFAULT_TENANT = "default"  # the id of the one that is always there
