"""The table of links: to what, for whom, and what for. None of it stands in the link."""

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, ForeignKey, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from documents.tables import metadata

# account, unit, region, roles: of the reader when it was asked for. purpose: a code; the words are in the audit
read_links = Table(
    "read_links",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("petition_id", Uuid, ForeignKey("petitions.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("thing_id", Uuid, nullable=False),
    Column("disposition", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("purpose", Text),
    Column("once", Boolean, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
    Column("used_at", DateTime(timezone=True)),
    CheckConstraint("kind IN ('file', 'paper')", name="kind"),
    CheckConstraint("disposition IN ('inline', 'attachment')", name="disposition"),
)
