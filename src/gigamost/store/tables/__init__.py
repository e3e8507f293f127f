"""The tables, by what they belong to. A change of them is a new revision in `migrations` as well; a test compares the
two. Everything is found by its tenant and its id together. Bodies are bytes that nobody here reads."""

from gigamost.store.tables import access, history, jobs, ledger, notices, prompts
from gigamost.store.tables.metadata import METADATA

__all__ = ["METADATA", "access", "history", "jobs", "ledger", "notices", "prompts"]
