"""Cases that ended, and what those who were asked about some of them answered."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from notify.tables import metadata

# one drawing for each period, and by which seed: whoever has it draws the same again
callback_rounds = Table(
    "callback_rounds",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False, unique=True),
    Column("percent", Double, nullable=False),
    Column("seed", Text, nullable=False),
    Column("drawn", Integer, nullable=False, server_default=text("0")),
    Column("at", DateTime(timezone=True), nullable=False),
)
# state: ended -> asked -> answered | unanswered; most are never drawn
callbacks = Table(
    "callbacks",
    metadata,
    Column("petition_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),  # of the case, when it was last heard to have ended
    Column("number", Text, nullable=False),
    Column("unit", Text, nullable=False),  # whose opinion it is
    Column("ended_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("round_id", Uuid, ForeignKey("callback_rounds.id")),
    Column("phone_key", LargeBinary, ForeignKey("phones.key")),  # whose answer is waited for
    Column("asked_at", DateTime(timezone=True)),
    Column("closes_at", DateTime(timezone=True)),
    Column("answer", Text),
    Column("answered_at", DateTime(timezone=True)),
    Index("ix_callbacks_ended", "ended_at", postgresql_where=text("state = 'ended'")),
    Index("ix_callbacks_closes", "closes_at", postgresql_where=text("state = 'asked'")),
    # a digit alone must mean one question
    Index("ix_callbacks_phone", "phone_key", unique=True, postgresql_where=text("state = 'asked'")),
)
