"""how much each node asks of what went through re-review, and what waits"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "terminated_asked",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("buckets", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_terminated_asked")),
    )
    op.create_table(
        "terminated_questions",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("buckets", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("node", "petition_id", name=op.f("pk_terminated_questions")),
    )
    op.create_index("ix_terminated_questions_turn", "terminated_questions", ["node", "asked_at"])


def downgrade() -> None:
    op.drop_table("terminated_questions")
    op.drop_table("terminated_asked")
