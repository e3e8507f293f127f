"""The ports of `core.ports` on SQLAlchemy Core (SQLite, PostgreSQL) and in memory.

SQLAlchemy is loaded when something is kept for the first time: `opening` is the door, nothing else imports `sql`.
"""
