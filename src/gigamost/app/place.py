"""Where this gateway keeps things."""

from gigamost.config import Settings
from gigamost.store.place import FILE_NAME, Place, place_of


def kept_at(settings: Settings) -> Place:
    """What the URL says, else a SQLite file in the state folder."""
    if settings.database_url is None:
        return settings.state_dir / FILE_NAME
    return place_of(settings.database_url.reveal(), settings.database_pool)
