"""Alembic's entry: applies the revisions on the connection that `schema.upgrade` hands over, in its transaction."""

from alembic import context

from gigamost.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
