"""Keys, tenants, and who changed them."""

from typing import Final

from sqlalchemy import BigInteger, Column, Double, Index, LargeBinary, PrimaryKeyConstraint, String, Table

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

# `details` is a JSON object.
AUDIT: Final = Table(
    "audit",
    METADATA,
    Column("id", String, nullable=False),
    Column("at", Double, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("target", String, nullable=False),
    Column("details", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id"),
)

# How often something was changed, by its name (`access`: keys and tenants): cheap to ask again and again.
REVISIONS: Final = Table(
    "revisions",
    METADATA,
    Column("name", String, nullable=False),
    Column("number", BigInteger, nullable=False),
    PrimaryKeyConstraint("name"),
)
