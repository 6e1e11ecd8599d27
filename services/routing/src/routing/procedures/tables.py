"""The procedures that cases of this node follow, whole, as they were when they were first seen here."""

from sqlalchemy import Boolean, Column, Table, Text

from kit.tables import moment
from routing.tables import metadata

# text: the definition as JSON; null: a case came without it, from a node that knows it. followed: this node understands
# it and counts the clocks of its cases
procedures = Table(
    "procedures",
    metadata,
    Column("key", Text, primary_key=True),
    Column("text", Text),
    Column("followed", Boolean, nullable=False),
    moment("first_seen"),
)
