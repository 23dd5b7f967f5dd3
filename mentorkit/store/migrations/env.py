"""Run one owner's migrations: who it is and on which connection comes in the configuration."""

from __future__ import annotations

from alembic import context

attributes = context.config.attributes
options = attributes["owner"].options
if context.is_offline_mode():
    context.configure(dialect_name=attributes["dialect"], literal_binds=True, **options)
else:
    context.configure(connection=attributes["connection"], **options)

with context.begin_transaction():
    context.run_migrations()
