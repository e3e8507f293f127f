"""Keys, tenants, administrators, and who changed them."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, LargeBinary, PrimaryKeyConstraint, String, Table

from gigamost.store.tables.metadata import METADATA

# `terms` is JSON: what `core.tenancy.Key` has beside the columns (limits, budget, scope, defaults, former digests).
KEYS: Final = Table(
    "keys",
    METADATA,
    Column("id", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("name", String, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("prefix", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    Column("revoked", BigInteger),
    Column("terms", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id"),
    Index(None, "tenant", "id"),
)

# `terms` as with keys. The tenant `default` is there from the beginning.
TENANTS: Final = Table(
    "tenants",
    METADATA,
    Column("id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("terms", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id"),
    Index(None, "name", unique=True),
)

# `password` is what a scrypt of it came to, `tenant` the one to which the administrator is confined.
ADMINISTRATORS: Final = Table(
    "administrators",
    METADATA,
    Column("id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("password", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("tenant", String),
    Column("is_disabled", Boolean, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    PrimaryKeyConstraint("id"),
    Index(None, "name", unique=True),
    Index(None, "tenant", "id"),
)

SESSIONS: Final = Table(
    "sessions",
    METADATA,
    Column("digest", LargeBinary, nullable=False),
    Column("administrator", String, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
    PrimaryKeyConstraint("digest"),
    Index(None, "ends"),
)

# `details` is a JSON object. `tenant` is whose thing was changed, null for what is nobody's alone.
AUDIT: Final = Table(
    "audit",
    METADATA,
    Column("id", String, nullable=False),
    Column("at", Double, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("target", String, nullable=False),
    Column("details", LargeBinary, nullable=False),
    Column("tenant", String),
    PrimaryKeyConstraint("id"),
    Index(None, "tenant", "id"),
)

# How often something was changed, by its name (`access`: keys and tenants): cheap to ask again and again.
REVISIONS: Final = Table(
    "revisions",
    METADATA,
    Column("name", String, nullable=False),
    Column("number", BigInteger, nullable=False),
    PrimaryKeyConstraint("name"),
)
