"""Everything that a database has as one file, and the way back, into a database of either kind.

`taking` writes an archive, `archive` reads one and finds damage, `restoring` brings it into a database, `manifest` says
what is in it and how values are written.
"""
