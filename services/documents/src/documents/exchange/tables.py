"""Dispatches, and a copy of each for every unit it goes to. What a dispatch holds are files and papers that belong to
it as others belong to a petition: it has a row in `petitions`, whose readers are the sender and who signed for it.
"""

from sqlalchemy import (
    BigInteger,
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
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from documents.tables import metadata

NONE = text("'{}'")
UNREAD = text("state IN ('sent', 'arrived')")
LATE = text("answer_by IS NOT NULL AND answered_at IS NULL AND state IN ('sent', 'arrived', 'signed')")
BULLETIN = text("kind = 'bulletin' AND sent_at IS NOT NULL")

dispatches = Table(
    "dispatches",
    metadata,
    Column("id", Uuid, ForeignKey("petitions.id"), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("node", Text, nullable=False),  # of the sender
    Column("unit", Text, nullable=False),
    Column("title", LargeBinary, nullable=False),  # encrypted: it may name a person
    Column("petition_id", Uuid),  # what it is about; another node's may not be known here
    # who alone may get it, where that petition was confidential when it was sent
    Column("only", ARRAY(Text)),
    Column("urgency", Text, nullable=False, server_default="ordinary"),
    Column("answer_by", DateTime(timezone=True)),
    Column("body", Uuid),  # the file or paper that is the text; items: all it holds, the body first
    Column("items", ARRAY(Uuid), nullable=False, server_default=NONE),
    Column("recipients", ARRAY(Text), nullable=False, server_default=NONE),
    Column("answers", Uuid),  # the dispatch that it answers (复文)
    Column("source", Uuid),  # the bulletin that this one was made from, and whose that is
    Column("source_unit", Text),
    Column("made_by", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("sent_by", Text),
    Column("sent_at", DateTime(timezone=True)),
    CheckConstraint("kind IN ('paper', 'bulletin')", name="kind"),
    CheckConstraint("(sent_at IS NULL) = (sent_by IS NULL) AND (sent_at IS NULL OR body IS NOT NULL)", name="sent"),
    Index("ix_dispatches_unit", "unit", "id"),
    Index("ix_dispatches_petition_id", "petition_id", postgresql_where=text("petition_id IS NOT NULL")),
)
# at the receiver's node what is; at the sender's what that node has told: the highest version counts. A row without a
# from_unit is of a dispatch that has not come, only its recall or an urge
copies = Table(
    "copies",
    metadata,
    Column("dispatch_id", Uuid, nullable=False),
    Column("to_unit", Text, nullable=False),
    Column("node", Text, nullable=False),  # of the receiving unit
    Column("from_node", Text, nullable=False),
    Column("from_unit", Text),
    Column("kind", Text),
    Column("state", Text, nullable=False, server_default="sent"),
    Column("version", BigInteger, nullable=False, server_default="0"),
    Column("sent_at", DateTime(timezone=True)),
    Column("arrived_at", DateTime(timezone=True)),
    Column("signed_at", DateTime(timezone=True)),
    Column("signed_by", Text),
    Column("ended_at", DateTime(timezone=True)),  # returned or recalled
    Column("ended_by", Text),
    Column("reason", LargeBinary),  # encrypted: why it was returned
    Column("recall_asked_at", DateTime(timezone=True)),
    Column("urged", Integer, nullable=False, server_default="0"),
    Column("urged_at", DateTime(timezone=True)),
    Column("urge_next_at", DateTime(timezone=True)),  # by the system; at the sender's node
    Column("answer_by", DateTime(timezone=True)),
    Column("answered_at", DateTime(timezone=True)),
    Column("adoption", Text),
    Column("adopted_at", DateTime(timezone=True)),
    Column("note", LargeBinary),  # encrypted: what was written with the adoption
    PrimaryKeyConstraint("dispatch_id", "to_unit"),
    CheckConstraint("state IN ('sent', 'arrived', 'signed', 'returned', 'recalled')", name="state"),
    Index("ix_copies_received", "to_unit", "arrived_at", "dispatch_id"),
    Index("ix_copies_arrived", "to_unit", "arrived_at", "dispatch_id", postgresql_where=text("state = 'arrived'")),
    Index("ix_copies_unread", "from_unit", "sent_at", "dispatch_id", "to_unit", postgresql_where=UNREAD),
    Index("ix_copies_urge_next_at", "urge_next_at", postgresql_where=text("urge_next_at IS NOT NULL")),
    Index("ix_copies_late", "answer_by", postgresql_where=LATE),
    Index("ix_copies_bulletins", "to_unit", "sent_at", postgresql_where=BULLETIN),
    Index("ix_copies_own_bulletins", "from_unit", "sent_at", postgresql_where=BULLETIN),
)
