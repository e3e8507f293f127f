"""The ports of `core.ports` on SQLAlchemy Core (SQLite; another URL is another database) and in memory.

SQLAlchemy is loaded when something is kept for the first time: `opening` is the door, nothing else imports `sql`.
"""
