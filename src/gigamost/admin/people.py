"""What the API takes and gives of administrators and logins. Passwords come in and never go out."""

from typing import Annotated

import msgspec

from gigamost.core.administrators import Role

Password = Annotated[str, msgspec.Meta(max_length=256, description="12 characters or more.")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
TenantName = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What of an administrator can be changed. `tenant`, an id or a name, confines to that tenant's keys, usage,
    requests and audit; a disabled administrator cannot log in."""

    role: Role
    tenant: TenantName | None = None
    disabled: bool = False


class NewAdministrator(msgspec.Struct, frozen=True, kw_only=True):
    """`tenant`: see `Terms`; left out, it is the one that its maker is confined to."""

    name: Name
    password: Password
    role: Role
    tenant: TenantName | None = None


class Administrator(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    role: Role
    tenant_id: str | None
    disabled: bool
    created_at: str


class NewPassword(msgspec.Struct, frozen=True):
    password: Password


class OwnPassword(msgspec.Struct, frozen=True):
    current: Password
    password: Password


class Login(msgspec.Struct, frozen=True):
    name: Annotated[str, msgspec.Meta(max_length=256)]
    password: Password


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks. `id` is null for the master key and for a one-time link, `expires_at` for the master key."""

    id: str | None
    name: str
    role: Role
    tenant_id: str | None
    expires_at: str | None


class LoggedIn(msgspec.Struct, frozen=True, kw_only=True):
    """`token` goes into `Authorization: Bearer`; a browser has the same one as a cookie. It ends at `expires_at`, or
    after an hour without a request."""

    token: str
    expires_at: str
    administrator: Me
