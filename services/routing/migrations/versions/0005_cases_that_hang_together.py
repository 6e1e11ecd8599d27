"""which case was merged into which lead, and what the register found of terminated matters after registration"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "merges",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_merges")),
    )
    op.create_index(op.f("ix_merges_lead_id"), "merges", ["lead_id"])
    op.execute(
        "INSERT INTO merges SELECT id, (body->>'merged_into')::uuid FROM cases WHERE body->>'merged_into' IS NOT NULL"
    )
    op.create_table(
        "recognitions",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("terminated", sa.Boolean(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_recognitions")),
    )


def downgrade() -> None:
    op.drop_table("recognitions")
    op.drop_table("merges")
