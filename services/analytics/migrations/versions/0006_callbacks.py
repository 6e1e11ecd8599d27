"""what was answered to spot-check call-backs"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "callbacks",
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("petition_id", name=op.f("pk_callbacks")),
    )
    op.create_index("ix_callbacks_region", "callbacks", ["region", "at"], postgresql_ops={"region": "text_pattern_ops"})


def downgrade() -> None:
    op.drop_table("callbacks")
