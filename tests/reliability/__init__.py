"""The promises of docs/reliability.md, kept by gateways that are processes, over real PostgreSQL and Redis."""
