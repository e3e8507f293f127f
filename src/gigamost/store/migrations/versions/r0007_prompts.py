"""What was said: prompts and answers, for those who keep them; and whose kept answers and conversations are."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    _exchanges()
    _search()
    named = sa.text("subject <> ''")
    for table in ("responses", "conversations"):
        op.add_column(table, sa.Column("subject", sa.String, nullable=False, server_default=""))
        name = f"ix_{table}_subject"
        op.create_index(name, table, ["tenant", "subject"], sqlite_where=named, postgresql_where=named)


def _exchanges() -> None:
    op.create_table(
        "exchanges",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("key_id", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("talk", sa.String, nullable=False),
        sa.Column("previous", sa.String, nullable=False),
        sa.Column("face", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("started", sa.Double, nullable=False),
        sa.Column("finished", sa.Double, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("finish", sa.String, nullable=False),
        sa.Column("input_tokens", sa.BigInteger, nullable=False),
        sa.Column("output_tokens", sa.BigInteger, nullable=False),
        sa.Column("cached_tokens", sa.BigInteger, nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger, nullable=False),
        sa.Column("estimated", sa.Boolean, nullable=False),
        sa.Column("tip", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("system", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_exchanges"),
    )
    op.create_index("ix_exchanges_id", "exchanges", ["id"], unique=True)
    op.create_index("ix_exchanges_tip", "exchanges", ["tip"])
    op.create_index("ix_exchanges_talk_number", "exchanges", ["talk", "number"])
    op.create_index("ix_exchanges_tenant_number", "exchanges", ["tenant", "number"])
    op.create_index("ix_exchanges_key_id_number", "exchanges", ["key_id", "number"])
    op.create_index("ix_exchanges_started", "exchanges", ["started"])
    named = sa.text("subject <> ''")
    op.create_index(
        "ix_exchanges_subject", "exchanges", ["subject", "number"], sqlite_where=named, postgresql_where=named
    )


def _search() -> None:
    """A Python whose SQLite was built without FTS5 keeps what is said all the same; there it cannot be searched."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute("CREATE TABLE exchange_words (number bigint NOT NULL PRIMARY KEY, words tsvector NOT NULL)")
        op.execute("CREATE INDEX ix_exchange_words_words ON exchange_words USING gin (words)")
    elif connection.scalar(sa.text("SELECT 1 FROM pragma_module_list WHERE name = 'fts5'")) is not None:
        # The words come ready-made: `ascii` parts them at spaces and takes every other letter as it is.
        op.execute("CREATE VIRTUAL TABLE exchange_words USING fts5(words, detail=none, columnsize=0, tokenize='ascii')")
