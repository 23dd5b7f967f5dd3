"""Run one owner's migrations: who it is and on which connection comes in the configuration."""

from __future__ import annotations

from alembic import context

attributes = context.config.attributes
owner = attributes["owner"]
options = {
    "target_metadata": owner.metadata,
    "version_table": owner.version_table,
    "include_name": attributes["include_name"],
    "compare_type": True,
}

if context.is_offline_mode():
    context.configure(dialect_name=attributes["dialect"], literal_binds=True, **options)
else:
    context.configure(connection=attributes["connection"], **options)

with context.begin_transaction():
    context.run_migrations()
