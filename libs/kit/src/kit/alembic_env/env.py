"""The environment every service's migrations run in."""

from alembic import context

config = context.config
context.configure(
    connection=config.attributes["connection"],
    target_metadata=config.attributes["metadata"],
    compare_server_default=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    # several processes of one service may start at once: one migrates, the others wait
    context.execute("SELECT pg_advisory_xact_lock(7202611)")
    context.run_migrations()
