"""The table of withdrawals that another node decides about."""

from sqlalchemy import BigInteger, Column, DateTime, Integer, LargeBinary, Table, Text, Uuid

from routing.tables import metadata

# taken down here, and kept; or brought here before the version of the case that they follow, and kept until that comes.
# node: where the petitioner came; sender: that brought it; version: of the case; reason: why it was not written
withdrawals = Table(
    "withdrawals",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("case_id", Uuid, nullable=False, index=True),
    Column("unit", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("passed_on", Integer, nullable=False),
    Column("actor", Text),
    Column("reason", Text),
    Column("note", LargeBinary),
    Column("fields", LargeBinary),
)
