"""The tables of the portal: who may sign in and who is signed in. No business table."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from kit import tables as kit_tables

metadata = kit_tables.metadata()

accounts = Table(
    "accounts",
    metadata,
    Column("username", Text, primary_key=True),
    Column("password_hash", Text, nullable=False),
    # the person's name, encrypted like every other name
    Column("name", LargeBinary, nullable=False),
    Column("unit", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("disabled", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
sessions = Table(
    "sessions",
    metadata,
    # SHA-256 of the random id in the cookie: who reads the table cannot use what stands in it
    Column("id_hash", LargeBinary, primary_key=True),
    Column("username", Text, ForeignKey("accounts.username"), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("last_seen_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    # when the person last gave the password again within this session
    Column("confirmed_at", DateTime(timezone=True)),
    Index("ix_sessions_last_seen_at", "last_seen_at"),
    Index("ix_sessions_username", "username"),
)
failed_sign_ins = Table(
    "failed_sign_ins",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    # a keyed digest: people type passwords into the wrong box
    Column("username_index", LargeBinary, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("ix_failed_sign_ins_username_index_at", "username_index", "at"),
    Index("ix_failed_sign_ins_at", "at"),
)
