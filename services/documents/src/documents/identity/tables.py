"""The table of marks: what the last decision on a content was. Who decided and why, the audit tells."""

from sqlalchemy import CheckConstraint, Column, DateTime, Table, Text

from documents.tables import metadata

# by the SHA-256 of the content: whatever id a copy of it has, in whichever petition, also before it has come here.
# proposed: by a file's name, and held to be one until a clerk says no; contained: a PDF made of pages of one;
# lifted: it is none, whoever proposed or marked it before
identity_marks = Table(
    "identity_marks",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("mark", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    CheckConstraint("mark IN ('proposed', 'marked', 'contained', 'lifted')", name="mark"),
)
