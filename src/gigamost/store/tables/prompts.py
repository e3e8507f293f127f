"""What was said, one row for each exchange. The words that exchanges are found by stand beside: in SQLite a table of
FTS5, in PostgreSQL one of tsvectors, both called `SEARCH` and made by the revision alone, because no two databases have
them in common."""

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

from gigamost.store.tables.history import NAMED
from gigamost.store.tables.metadata import METADATA

SEARCH: Final = "exchange_words"  # (number, words): in SQLite the number is the rowid

# `number` is the order of writing. `previous` is the exchange that this one goes on from, "" for none. `tip`, `answer`
# and `system` are digests (`core.prompts.Tip`). `body` is JSON: what was asked and answered.
EXCHANGES: Final = Table(
    "exchanges",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("id", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("key_id", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("talk", String, nullable=False),
    Column("previous", String, nullable=False),
    Column("face", String, nullable=False),
    Column("model", String, nullable=False),
    Column("started", Double, nullable=False),
    Column("finished", Double, nullable=False),
    Column("status", Integer, nullable=False),
    Column("finish", String, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("reasoning_tokens", BigInteger, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("tip", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("system", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("number"),
    Index(None, "id", unique=True),
    Index(None, "tip"),
    Index(None, "talk", "number"),
    Index(None, "tenant", "number"),
    Index(None, "key_id", "number"),
    Index(None, "started"),
    Index("ix_exchanges_subject", "subject", "number", sqlite_where=text(NAMED), postgresql_where=text(NAMED)),
)
