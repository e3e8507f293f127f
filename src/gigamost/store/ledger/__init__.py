"""What requests cost, on SQLite, on PostgreSQL and in memory: the ports `Ledger`, `Books` and `Upkeep` of `core.ports`.

`opening.LedgerOpening` is the door. `group` is the arithmetic that all stores share: rows, budgets and rollups change
in one transaction, so what is read is exact at every moment.
"""
