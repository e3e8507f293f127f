"""What requests cost, and budgets."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, PrimaryKeyConstraint, String, Table, text

from gigamost.store.tables.metadata import METADATA

OPEN: Final = "state = 'open'"  # what the partial indexes hold: a query uses one that says the same words
UNWELL: Final = "state IN ('failed', 'aborted')"

# `holds` are those of the intent as JSON, "" for none. The usage of an open row is its estimate. `status` is null until
# somebody says it: a row that was swept has none, and may still be corrected.
REQUESTS: Final = Table(
    "requests",
    METADATA,
    Column("id", String, nullable=False),
    Column("client_request_id", String, nullable=False),
    Column("replica", String, nullable=False),
    Column("started", Double, nullable=False),
    Column("finished", Double),
    Column("key_id", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("face", String, nullable=False),
    Column("model", String, nullable=False),
    Column("upstream", String, nullable=False),
    Column("state", String, nullable=False),
    Column("status", Integer),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("reasoning_tokens", BigInteger, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("cost", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("holds", String, nullable=False),
    Column("ttft_ms", BigInteger),
    Column("duration_ms", BigInteger),
    Column("attempts", Integer, nullable=False),
    PrimaryKeyConstraint("id"),
    Index(None, "started", "id"),
    Index(None, "key_id", "started", "id"),
    Index(None, "tenant", "started", "id"),
    Index("ix_requests_open", "started", "id", sqlite_where=text(OPEN), postgresql_where=text(OPEN)),
    Index("ix_requests_unwell", "started", "id", sqlite_where=text(UNWELL), postgresql_where=text(UNWELL)),
)

# `owner` is `key:<id>` or `tenant:<id>`, `began` unix seconds.
BUDGET_PERIODS: Final = Table(
    "budget_periods",
    METADATA,
    Column("owner", String, nullable=False),
    Column("period", String, nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("spent", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    PrimaryKeyConstraint("owner", "period", "began"),
)

# What a gateway may spend of a budget while the database is away; it is part of what the budget has `reserved`.
BUDGET_LEASES: Final = Table(
    "budget_leases",
    METADATA,
    Column("replica", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("period", String, nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    PrimaryKeyConstraint("replica", "owner", "period", "began"),
)

# What settled rows come to, in the same transaction. `day` is when it began, in unix seconds.
ROLLUPS: Final = Table(
    "rollups",
    METADATA,
    Column("day", BigInteger, nullable=False),
    Column("key_id", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("model", String, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("reasoning_tokens", BigInteger, nullable=False),
    Column("cost", BigInteger, nullable=False),
    PrimaryKeyConstraint("day", "key_id", "tenant", "model"),
    Index(None, "key_id", "day"),
    Index(None, "tenant", "day"),
)

# The gateways that hold open rows, and when they were heard of last.
REPLICAS: Final = Table(
    "replicas",
    METADATA,
    Column("id", String, nullable=False),
    Column("seen", Double, nullable=False),
    PrimaryKeyConstraint("id"),
)
