"""What administrators and tenants are told of: webhooks and what waits for them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _webhooks()
    _notices()
    _deliveries()


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("events", sa.LargeBinary, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("disabled", sa.String, nullable=False),
        sa.Column("configured", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )


def _notices() -> None:
    lasting = sa.text("lasts")
    op.create_table(
        "notices",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("keep", sa.Double, nullable=False),
        sa.Column("lasts", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index("ix_notices_key", "notices", ["key"], unique=True)
    op.create_index("ix_notices_lasting", "notices", ["key"], sqlite_where=lasting, postgresql_where=lasting)


def _deliveries() -> None:
    waiting = sa.text("state = 'waiting'")
    op.create_table(
        "deliveries",
        sa.Column("webhook", sa.String, nullable=False),
        sa.Column("notice", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("began", sa.Double, nullable=False),
        sa.Column("due", sa.Double, nullable=False),
        sa.Column("worker", sa.String, nullable=False),
        sa.Column("lease", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("attempted", sa.Double),
        sa.Column("status", sa.Integer),
        sa.Column("problem", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("webhook", "notice", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_notice", "deliveries", ["notice"])
    op.create_index(
        "ix_deliveries_waiting", "deliveries", ["webhook", "due"], sqlite_where=waiting, postgresql_where=waiting
    )
