"""What the API takes and gives, as JSON has it. Money is a decimal text, a moment is RFC 3339 in UTC."""

from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from gigamost.core.tenancy import Period

Item = TypeVar("Item")
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, description="What people call it.")]
Count = Annotated[int, msgspec.Meta(ge=1, le=10**15)]
Pattern = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Moment = Annotated[
    str | int | float, msgspec.Meta(description="RFC 3339 (`2027-01-31T12:00:00Z`), or seconds since 1970.")
]
Money = Annotated[str, msgspec.Meta(description='A decimal amount, for example "1000.00".', max_length=40)]


class Limits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The most of something; left out: no limit. Requests and tokens per minute and per day, requests at a time."""

    rpm: Count | None = None
    rpd: Count | None = None
    tpm: Count | None = None
    tpd: Count | None = None
    concurrency: Count | None = None


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """Over `amount` requests are refused, over `soft` somebody is warned. Periods are those of UTC's calendar."""

    amount: Money
    currency: Literal["RUB"] = "RUB"
    period: Period = "month"
    soft: Money | None = None


class Defaults(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What requests get: `model` those that name none, `forced_model` all; `system` comes before the client's own
    system text; `profanity_check` is GigaChat's filter; `keeps_prompts` writes what is said into the history,
    `keeps_responses` false switches stored responses off; a higher `priority` waits less; for `cache_seconds` an
    answer is given again to the same question (0: never, whatever the tenant says)."""

    model: Annotated[str, msgspec.Meta(max_length=256)] = ""
    forced_model: Annotated[str, msgspec.Meta(max_length=256)] = ""
    system: Annotated[str, msgspec.Meta(max_length=100_000)] = ""
    profanity_check: bool | None = None
    keeps_prompts: bool | None = None
    keeps_responses: bool | None = None
    priority: Annotated[int, msgspec.Meta(ge=-100, le=100)] = 0
    cache_seconds: Annotated[int, msgspec.Meta(ge=0, le=30 * 86_400)] | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What keys and tenants share. Empty lists allow everything: `models` may have `*`, `addresses` are networks in
    CIDR form."""

    name: Name
    models: tuple[Pattern, ...] = ()
    faces: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    limits: Limits = Limits()
    budget: Budget | None = None
    defaults: Defaults = Defaults()


class KeyTerms(Terms, frozen=True, kw_only=True):
    """What of a key can be changed. `pass_token`: its requests bring their own GigaChat credential."""

    expires_at: Moment | None = None
    pass_token: bool = False


class NewKey(KeyTerms, frozen=True, kw_only=True):
    """`tenant` is an id or a name; left out: the tenant `default`."""

    tenant: str | None = None


class TenantTerms(Terms, frozen=True, kw_only=True):
    """What of a tenant can be changed, and what a new one is made of. The keys of a disabled one are refused."""

    disabled: bool = False


class Rotate(msgspec.Struct, frozen=True, kw_only=True):
    """How long the key that is replaced stays good."""

    grace_seconds: Annotated[int, msgspec.Meta(ge=0, le=366 * 86_400)] = 0


class Nothing(msgspec.Struct, frozen=True):
    """An empty body."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    tenant_id: str
    prefix: str
    state: Literal["active", "expired", "revoked"]
    models: tuple[str, ...]
    faces: tuple[str, ...]
    addresses: tuple[str, ...]
    limits: Limits
    budget: Budget | None
    defaults: Defaults
    pass_token: bool
    created_at: str
    expires_at: str | None
    revoked_at: str | None


class MadeKey(Key, frozen=True, kw_only=True):
    """`key` is shown this once."""

    key: str


class RotatedKey(msgspec.Struct, frozen=True, kw_only=True):
    """`key` is shown this once. `old_expires_at` is when the one that was replaced ends."""

    id: str
    key: str
    prefix: str
    old_expires_at: str


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    disabled: bool
    models: tuple[str, ...]
    faces: tuple[str, ...]
    addresses: tuple[str, ...]
    limits: Limits
    budget: Budget | None
    defaults: Defaults
    created_at: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody changed."""

    id: str
    at: str
    actor: str
    action: str
    target: str
    details: dict[str, Any]  # what the call was about, by its own fields


class Page(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """The newest first. `next_cursor` is null on the last page."""

    data: tuple[Item, ...]
    next_cursor: str | None


class Fault(msgspec.Struct, frozen=True):
    code: str
    message: str


class Failed(msgspec.Struct, frozen=True):
    error: Fault
