"""what is merged into what is told by the events of its case; the decisions of before stay in link_changes"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
MERGED = sa.text("merged_into IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_petitions_merged_into", table_name="petitions", postgresql_where=MERGED)
    op.drop_column("petitions", "merged_into")
    op.add_column("case_states", sa.Column("handler_unit", sa.Text(), nullable=True))
    op.add_column("case_states", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.create_index("ix_case_states_merged_into", "case_states", ["merged_into"], postgresql_where=MERGED)
    op.add_column("progress", sa.Column("merged_into", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("progress", "merged_into")
    op.drop_index("ix_case_states_merged_into", table_name="case_states", postgresql_where=MERGED)
    op.drop_column("case_states", "merged_into")
    op.drop_column("case_states", "handler_unit")
    op.add_column("petitions", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.create_index("ix_petitions_merged_into", "petitions", ["merged_into"], postgresql_where=MERGED)
