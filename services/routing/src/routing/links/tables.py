"""The tables of cases that hang together."""

from sqlalchemy import BigInteger, Boolean, Column, Table, Text, Uuid, text

from routing.tables import metadata

# which case was merged here, and into which lead last: where to look when the lead ends; the case itself says whether
# it still is. lead_version: to which it has followed; confided: it is confidential because its lead became so
merges = Table(
    "merges",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("lead_id", Uuid, nullable=False, index=True),
    Column("lead_version", BigInteger, nullable=False, server_default=text("0")),
    Column("confided", Boolean, nullable=False, server_default=text("false")),
)
# what the register found last: whether the matter of a case went through re-review before; also of cases that are not
# here (yet), or no longer written here
recognitions = Table(
    "recognitions",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("terminated", Boolean, nullable=False),
    Column("node", Text, nullable=False),
)
