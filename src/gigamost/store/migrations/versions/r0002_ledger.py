"""The ledger: requests, what they came to, budgets, and the gateways that hold open ones."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _requests()
    _budget_periods()
    _rollups()
    op.create_table(
        "replicas",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("seen", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_replicas"),
    )


def _requests() -> None:
    op.create_table(
        "requests",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("client_request_id", sa.String, nullable=False),
        sa.Column("replica", sa.String, nullable=False),
        sa.Column("started", sa.Double, nullable=False),
        sa.Column("finished", sa.Double),
        sa.Column("key_id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("face", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("upstream", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("status", sa.Integer),
        *_tokens(),
        sa.Column("estimated", sa.Boolean, nullable=False),
        sa.Column("cost", sa.BigInteger, nullable=False),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sa.Column("holds", sa.String, nullable=False),
        sa.Column("ttft_ms", sa.BigInteger),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_requests"),
    )
    op.create_index("ix_requests_started_id", "requests", ["started", "id"])
    op.create_index("ix_requests_key_id_started_id", "requests", ["key_id", "started", "id"])
    op.create_index("ix_requests_tenant_started_id", "requests", ["tenant", "started", "id"])
    for name, where in (
        ("ix_requests_open", "state = 'open'"),
        ("ix_requests_unwell", "state IN ('failed', 'aborted')"),
    ):
        only = sa.text(where)
        op.create_index(name, "requests", ["started", "id"], sqlite_where=only, postgresql_where=only)


def _budget_periods() -> None:
    op.create_table(
        "budget_periods",
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("period", sa.String, nullable=False),
        sa.Column("began", sa.BigInteger, nullable=False),
        sa.Column("spent", sa.BigInteger, nullable=False),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("owner", "period", "began", name="pk_budget_periods"),
    )
    op.create_table(
        "budget_leases",
        sa.Column("replica", sa.String, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("period", sa.String, nullable=False),
        sa.Column("began", sa.BigInteger, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("replica", "owner", "period", "began", name="pk_budget_leases"),
    )


def _rollups() -> None:
    op.create_table(
        "rollups",
        sa.Column("day", sa.BigInteger, nullable=False),
        sa.Column("key_id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        *_tokens(),
        sa.Column("cost", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("day", "key_id", "tenant", "model", name="pk_rollups"),
    )
    op.create_index("ix_rollups_key_id_day", "rollups", ["key_id", "day"])
    op.create_index("ix_rollups_tenant_day", "rollups", ["tenant", "day"])


def _tokens() -> list[sa.Column[int]]:
    names = ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens")
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]
