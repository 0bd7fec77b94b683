"""How Alembic reaches the database: through the connection that `api.schema` opened."""

from __future__ import annotations

from alembic import context

from api.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    compare_type=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
