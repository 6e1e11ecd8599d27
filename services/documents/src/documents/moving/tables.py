"""Tables of what moves: where each case is, who supports, what is awaited from which node, what other nodes want."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from documents.tables import metadata

NONE = text("'{}'::text[]")

# of a case the highest version counts. nodes: those that may have its documents; senders: of these, that handed it on
whereabouts = Table(
    "whereabouts",
    metadata,
    Column("petition_id", Uuid, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("writer", Text, nullable=False),
    Column("nodes", ARRAY(Text), nullable=False),
    Column("senders", ARRAY(Text), nullable=False),
)
# units that were asked for support (协办), while they are
supports = Table(
    "supports",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("petition_id", Uuid, nullable=False, index=True),
    Column("sequence", BigInteger, nullable=False),
    Column("from_node", Text, nullable=False),
    Column("to_node", Text, nullable=False),
    Column("to_unit", Text, nullable=False),
    Column("accused_units", ARRAY(Text), nullable=False),
    Column("open", Boolean, nullable=False),
)
# files and papers that another node told of and that are not here; a row goes when its file or paper comes
awaited = Table(
    "awaited",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("petition_id", Uuid, ForeignKey("petitions.id"), nullable=False),
    Column("version", BigInteger, nullable=False),  # its place among the petition's documents, also when it is here
    Column("kind", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("template", Text),
    Column("name", LargeBinary),  # encrypted
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("stored_by", Text, nullable=False),
    Column("stored_at", DateTime(timezone=True), nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False),
    # nodes that say they can give it, asked one after the other; and those that cannot: `node:reason`
    Column("sources", ARRAY(Text), nullable=False, server_default=NONE),
    Column("failed", ARRAY(Text), nullable=False, server_default=NONE),
    Column("state", Text, nullable=False, server_default="new"),
    Column("asked", BigInteger, nullable=False, server_default="0"),  # up to where it was asked for
    Column("again", Boolean, nullable=False, server_default=text("false")),
    Column("moved_at", DateTime(timezone=True)),  # asked for last, or got a part of
    UniqueConstraint("petition_id", "version"),
    CheckConstraint("bytes > 0", name="not_empty"),
    CheckConstraint("state IN ('new', 'told', 'asked', 'whole', 'missing')", name="state"),
    Index("ix_awaited_state", "state", "told_at"),
    Index("ix_awaited_sha256", "sha256"),
)
# what has come of them
awaited_parts = Table(
    "awaited_parts",
    metadata,
    Column("item_id", Uuid, ForeignKey("awaited.id", ondelete="CASCADE"), nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),  # encrypted
    PrimaryKeyConstraint("item_id", "start"),
)
# the parts that other nodes have asked for: kept for a while when they were sent, so that none is sent twice
wanted = Table(
    "wanted",
    metadata,
    Column("node", Text, nullable=False),
    Column("item_id", Uuid, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("petition_id", Uuid, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("served_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("node", "item_id", "start"),
    Index("ix_wanted_unserved", "asked_at", postgresql_where=text("served_at IS NULL")),
    Index("ix_wanted_served_at", "served_at"),
)
