"""what petitioners add by text"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "supplements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("kept_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplements")),
    )
    op.create_index(op.f("ix_supplements_petition_id"), "supplements", ["petition_id"])


def downgrade() -> None:
    op.drop_table("supplements")
