"""ratings and reviews as the clocks of the case say; terminated matters are recognised wherever they are raised again"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.drop_column("case_states", "served_at")
    op.drop_column("case_states", "closed_at")
    op.add_column("case_states", sa.Column("terminated", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("case_states", sa.Column("review", sa.Text(), nullable=True))
    op.add_column("case_states", sa.Column("review_until", MOMENT, nullable=True))
    op.execute("UPDATE case_states SET terminated = true WHERE state = 'terminated'")
    op.create_index("ix_case_states_terminated", "case_states", ["petition_id"], postgresql_where=sa.text("terminated"))
    op.add_column("rating_windows", sa.Column("version", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.alter_column("rating_windows", "closes_at", nullable=True)
    op.create_table(
        "terminated_matters",
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "petition_id", name=op.f("pk_terminated_matters")),
    )
    op.create_index("ix_terminated_matters_petition", "terminated_matters", ["petition_id"])
    op.create_table(
        "terminated_elsewhere",
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("registered_at", MOMENT, nullable=False),
        sa.Column("accused_units", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("by_id", sa.Boolean(), nullable=False),
        sa.Column("by_phone", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("petition_id", "other_id", name=op.f("pk_terminated_elsewhere")),
    )


def downgrade() -> None:
    op.drop_table("terminated_elsewhere")
    op.drop_table("terminated_matters")
    op.execute("UPDATE rating_windows SET closes_at = opened_at WHERE closes_at IS NULL")
    op.alter_column("rating_windows", "closes_at", nullable=False)
    op.drop_column("rating_windows", "version")
    op.drop_index("ix_case_states_terminated", table_name="case_states")
    for column in ("review_until", "review", "terminated"):
        op.drop_column("case_states", column)
    op.add_column("case_states", sa.Column("served_at", MOMENT, nullable=True))
    op.add_column("case_states", sa.Column("closed_at", MOMENT, nullable=True))
