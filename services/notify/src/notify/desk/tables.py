"""Who works on which conversation. What was said is in `inbound` and `messages`."""

from sqlalchemy import Column, DateTime, ForeignKey, Index, LargeBinary, Table, Text

from notify.tables import metadata

# a telephone without a row here is with the node's office, and nobody has taken it; so is one that was closed. Of
# what a unit holds, it has the texts that it was handed (inbound.handed_to)
conversations = Table(
    "conversations",
    metadata,
    Column("phone_key", LargeBinary, ForeignKey("phones.key"), primary_key=True),
    Column("unit", Text, nullable=False),
    Column("operator", Text),  # account
    Column("closed_at", DateTime(timezone=True)),  # a text that comes later opens it again
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Index("ix_conversations_unit", "unit", "operator"),
)
