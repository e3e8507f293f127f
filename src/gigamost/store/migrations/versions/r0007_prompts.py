"""What was said: prompts and answers, for those who keep them."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Nothing yet."""
