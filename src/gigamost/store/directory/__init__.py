"""Who may ask, on SQLAlchemy (SQLite, PostgreSQL) and in memory: the port `Directory` of `core.directory`.

`opening.DirectoryOpening` is the door, `rolls.SqliteRolls` reads a SQLite file without SQLAlchemy, `watch.Watch` keeps
a ring of keys up to date.
"""
