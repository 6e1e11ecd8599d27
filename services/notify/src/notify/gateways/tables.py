"""What the processes that hold the lines say of them, for those that only answer requests."""

from sqlalchemy import Boolean, Column, DateTime, PrimaryKeyConstraint, Table, Text

from notify.tables import metadata

# since: from when it is up, or down; seen_at: when its process last said so
gateway_states = Table(
    "gateway_states",
    metadata,
    Column("name", Text, nullable=False),
    Column("process", Text, nullable=False),
    Column("up", Boolean, nullable=False),
    Column("reason", Text),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("name", "process"),
)
