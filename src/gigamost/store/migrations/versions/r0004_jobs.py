"""Jobs, their items and events, and the files that the gateway itself keeps."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _jobs()
    _items()
    _files()


def _jobs() -> None:
    unended = sa.text("state <> 'ended'")
    op.create_table(
        "jobs",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("outcome", sa.String),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("started", sa.BigInteger),
        sa.Column("cancelling", sa.BigInteger),
        sa.Column("ended", sa.BigInteger),
        sa.Column("turn", sa.Double, nullable=False),
        sa.Column("worker", sa.String, nullable=False),
        sa.Column("lease", sa.Double, nullable=False),
        sa.Column("plan", sa.LargeBinary, nullable=False),
        sa.Column("errors", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_tenant_kind_created_id", "jobs", ["tenant", "kind", "created", "id"])
    op.create_index("ix_jobs_unended", "jobs", ["state"], sqlite_where=unended, postgresql_where=unended)


def _items() -> None:
    held = sa.text("state IN ('claimed', 'sent')")
    op.create_table(
        "job_items",
        sa.Column("job", sa.String, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("due", sa.Double, nullable=False),
        sa.Column("worker", sa.String, nullable=False),
        sa.Column("lease", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("input_tokens", sa.BigInteger, nullable=False),
        sa.Column("output_tokens", sa.BigInteger, nullable=False),
        sa.Column("cached_tokens", sa.BigInteger, nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("result", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("job", "position", name="pk_job_items"),
    )
    op.create_index("ix_job_items_job_state_position", "job_items", ["job", "state", "position"])
    op.create_index("ix_job_items_held", "job_items", ["lease"], sqlite_where=held, postgresql_where=held)
    op.create_table(
        "job_events",
        sa.Column("job", sa.String, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("frame", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("job", "number", name="pk_job_events"),
    )


def _files() -> None:
    op.create_table(
        "kept_files",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("job", sa.String, nullable=False),
        sa.Column("share", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_kept_files"),
    )
    op.create_index("ix_kept_files_tenant", "kept_files", ["tenant"])
    op.create_table(
        "kept_chunks",
        sa.Column("file", sa.String, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("file", "position", name="pk_kept_chunks"),
    )
