"""What clients build on: answers, conversations and their items."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    text,
)

from gigamost.store.tables.metadata import METADATA

NAMED: Final = "subject <> ''"  # what the partial indexes of subjects hold

# `subject` is the tag of an end user, "" for none; of a conversation, whoever named one first.
# `previous` and `conversation` are "" where an answer builds on none. `expires` is unix seconds.
RESPONSES: Final = Table(
    "responses",
    METADATA,
    Column("id", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("previous", String, nullable=False),
    Column("conversation", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id"),
    Column("subject", String, nullable=False, server_default=""),
    Index(None, "expires"),
    Index(None, "previous"),
    Index("ix_responses_subject", "tenant", "subject", sqlite_where=text(NAMED), postgresql_where=text(NAMED)),
)

# `metadata` is a JSON object.
CONVERSATIONS: Final = Table(
    "conversations",
    METADATA,
    Column("id", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("metadata", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id"),
    Column("subject", String, nullable=False, server_default=""),
    Index(None, "tenant"),
    Index("ix_conversations_subject", "tenant", "subject", sqlite_where=text(NAMED), postgresql_where=text(NAMED)),
)

# `holder` is a response or a conversation. `listed` is false for what was answered in a response: its list has only
# what was asked. One item may stand in several holders: in each answer of a chain that repeats it.
ITEMS: Final = Table(
    "items",
    METADATA,
    Column("holder", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("tenant", String, nullable=False),
    Column("id", String, nullable=False),
    Column("listed", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("holder", "position"),
    Index(None, "tenant", "id"),
)
