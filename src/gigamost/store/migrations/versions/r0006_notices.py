"""What administrators and tenants are told of: webhooks and what waits for them."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Nothing yet."""
