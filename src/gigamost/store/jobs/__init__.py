"""`core.ports.JobStore` in a database and in memory; `opening` is the door."""
