"""Batches that an upstream works on."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Nothing yet."""
