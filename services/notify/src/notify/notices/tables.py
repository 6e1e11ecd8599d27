"""Mass notices and who is to get them."""

from sqlalchemy import (
    BigInteger,
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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from notify.tables import metadata

# state: see notices.domain. chosen: the filters of the ledger; given: what its text is made of, but for number and
# stage; query, pages, matched: of the look-up of its recipients, as far as the ledger has answered, whole with
# gathered_at; reachable: petitions with a telephone number here; made, left_out: of its recipients, how many have a
# message, and how many want none
notices = Table(
    "notices",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("template_version", Integer, nullable=False),
    Column("language", Text, nullable=False),
    Column("text", Text, nullable=False),  # as it is in the template: nobody's
    Column("given", JSONB, nullable=False),
    Column("chosen", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    Column("writers", ARRAY(Text), nullable=False),
    Column("scope", Text, nullable=False),  # what who chose the recipients may read: region, and line of units
    Column("line", ARRAY(Text), nullable=False),
    Column("query", Uuid, nullable=False),
    Column("pages", Integer, nullable=False, server_default=text("0")),
    Column("matched", Integer, nullable=False, server_default=text("0")),
    Column("reachable", Integer, nullable=False, server_default=text("0")),
    Column("recipients", Integer, nullable=False, server_default=text("0")),
    Column("made", Integer, nullable=False, server_default=text("0")),
    Column("left_out", Integer, nullable=False, server_default=text("0")),
    Column("traceparent", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("gathered_at", DateTime(timezone=True)),
    Column("submitted_by", Text),
    Column("decided_by", Text),
    Column("reason", Text),  # why it was returned
    Column("started_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("state_at", DateTime(timezone=True), nullable=False),
    Index("ix_notices_unit", "unit", "id"),
    Index("ix_notices_open", "state", "id", postgresql_where=text("state IN ('running', 'paused', 'stopped')")),
)
# each telephone once, whatever petitions it has; state: of the case when the ledger was asked
recipients = Table(
    "recipients",
    metadata,
    Column("notice_id", Uuid, ForeignKey("notices.id"), nullable=False),
    Column("phone_key", LargeBinary, ForeignKey("phones.key"), nullable=False),
    Column("petition_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("message_id", Uuid),
    Column("left_out", Text),  # why there is no message, a code
    PrimaryKeyConstraint("notice_id", "phone_key"),
    UniqueConstraint("notice_id", "petition_id"),
    Index(
        "ix_recipients_waiting", "notice_id", "petition_id",
        postgresql_where=text("message_id IS NULL AND left_out IS NULL"),
    ),
)  # fmt: skip
