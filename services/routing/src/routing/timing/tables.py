"""The clocks this node watches, one row each: what the scheduler needs to find what is due without reading the rest."""

from sqlalchemy import Boolean, Column, DateTime, Index, PrimaryKeyConstraint, Table, Text, Uuid, text

from routing.tables import metadata

# level: what comes next (yellow, red, expire); null: nothing any longer. at: when it comes; null: not now, because the
# clock is paused or nothing comes. armed: this node tells of it, and it is not paused. expires: the action the system
# takes by itself in the end. calendar: by whose days it was counted
deadlines = Table(
    "deadlines",
    metadata,
    Column("case_id", Uuid, nullable=False),
    Column("clock", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("yellow_at", DateTime(timezone=True)),
    Column("armed", Boolean, nullable=False),
    Column("level", Text),
    Column("at", DateTime(timezone=True)),
    Column("expires", Text),
    Column("calendar", Text, nullable=False),
    PrimaryKeyConstraint("case_id", "clock"),
    Index("ix_deadlines_at", "at", postgresql_where=text("at IS NOT NULL")),
    Index("ix_deadlines_calendar", "calendar", "case_id"),
)
