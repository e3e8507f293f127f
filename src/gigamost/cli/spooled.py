"""What the ledger has on this machine's disk because its PostgreSQL was away."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from gigamost.store.ledger.opening import SPOOL


def spooled(state_dir: Path) -> int:
    """How many entries wait there; 0 where there is no such file."""
    file = state_dir / SPOOL
    if not file.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True)) as connection:
            count: int = connection.execute("SELECT count(*) FROM spool").fetchone()[0]
            return count
    except sqlite3.Error:
        return 0
