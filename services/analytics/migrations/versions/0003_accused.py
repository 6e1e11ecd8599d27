"""what accuses a unit is found by index, to be left out of its figures"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index(
        "ix_facts_accused",
        "facts",
        ["accused_units"],
        postgresql_using="gin",
        postgresql_where=sa.text("cardinality(accused_units) > 0"),
    )


def downgrade() -> None:
    op.drop_index("ix_facts_accused", table_name="facts")
