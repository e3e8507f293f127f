"""What people are told of: webhooks, notices, and their deliveries."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    text,
)

from gigamost.store.tables.metadata import METADATA

WAITING: Final = "state = 'waiting'"  # what the partial index holds
LASTING: Final = "lasts"

# `tenant` is "" for the operator's. `events` is a JSON array. `secret` is sealed (`store.notices.seal`), or empty.
WEBHOOKS: Final = Table(
    "webhooks",
    METADATA,
    Column("id", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("url", String, nullable=False),
    Column("events", LargeBinary, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("disabled", String, nullable=False),
    Column("configured", Boolean, nullable=False),
    PrimaryKeyConstraint("id"),
)

# `key` names what was found: no two gateways tell it. `data` is a JSON object. Moments are unix seconds.
NOTICES: Final = Table(
    "notices",
    METADATA,
    Column("id", String, nullable=False),
    Column("key", String, nullable=False),
    Column("at", Double, nullable=False),
    Column("kind", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("keep", Double, nullable=False),
    Column("lasts", Boolean, nullable=False),
    PrimaryKeyConstraint("id"),
    Index(None, "key", unique=True),
    Index("ix_notices_lasting", "key", sqlite_where=text(LASTING), postgresql_where=text(LASTING)),
)

# `worker` sends it until `lease`. `attempted`, `status` and `problem` are those of the last attempt.
DELIVERIES: Final = Table(
    "deliveries",
    METADATA,
    Column("webhook", String, nullable=False),
    Column("notice", String, nullable=False),
    Column("state", String, nullable=False),
    Column("began", Double, nullable=False),
    Column("due", Double, nullable=False),
    Column("worker", String, nullable=False),
    Column("lease", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("attempted", Double),
    Column("status", Integer),
    Column("problem", String, nullable=False),
    PrimaryKeyConstraint("webhook", "notice"),
    Index(None, "notice"),
    Index("ix_deliveries_waiting", "webhook", "due", sqlite_where=text(WAITING), postgresql_where=text(WAITING)),
)
