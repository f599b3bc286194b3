"""Alembic's entry point; `pilotline_api.migrations.migrate` hands it a connection."""

from alembic import context

from pilotline_api import models

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=models.METADATA,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
