"""Batches of all tenants in their order."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    batches = sa.text("kind <> 'response'")
    op.create_index("ix_jobs_batches", "jobs", ["created", "id"], sqlite_where=batches, postgresql_where=batches)
