"""The tables all of documents stands on: the petitions there are, and the regions that may see them."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, PrimaryKeyConstraint, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from kit import tables as kit_tables

metadata = kit_tables.metadata()


def _units(name: str) -> Column[Any]:
    return Column(name, ARRAY(Text), nullable=False, server_default=text("'{}'::text[]"))


# what documents must know of a petition; two aggregates speak of it, each with its own sequence
petitions = Table(
    "petitions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("registered_sequence", BigInteger, nullable=False, server_default="0"),
    _units("registered_accused"),
    Column("case_sequence", BigInteger, nullable=False, server_default="0"),
    _units("case_accused"),
    # who alone may read it (保密), as the case says; null: everybody in scope
    Column("readers", ARRAY(Text)),
    # a dispatch (公文) has its files and papers as a petition has (ADR 32): the petition it is about; frozen: it was
    # sent, so nothing is added to it
    Column("about", Uuid),
    Column("frozen", Boolean, nullable=False, server_default=text("false")),
    # counts the files and papers stored here: the sequence of the events that tell of them
    Column("version", BigInteger, nullable=False, server_default="0"),
    # the unit whose own papers lie here (ADR 34); null: a petition
    Column("office_unit", Text),
    Index("uq_petitions_office_unit", "office_unit", unique=True, postgresql_where=text("office_unit IS NOT NULL")),
)
petition_scopes = Table(
    "petition_scopes",
    metadata,
    Column("scope", Text, nullable=False),
    Column("petition_id", Uuid, nullable=False),
    PrimaryKeyConstraint("scope", "petition_id"),
)
