"""supervision is proposed again for another cause; returns for revision are counted by unit and month"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
UNDECIDED = sa.text("decision IS NULL")


def upgrade() -> None:
    op.add_column("proposals", sa.Column("clock", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.drop_constraint("uq_proposals_case_id_trigger", "proposals", type_="unique")
    op.create_index(
        "uq_proposals_undecided",
        "proposals",
        ["case_id", "trigger", "clock", "holder_unit"],
        unique=True,
        postgresql_where=UNDECIDED,
    )
    op.create_index("ix_proposals_case_id", "proposals", ["case_id"])
    op.create_table(
        "revision_returns",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "month", name=op.f("pk_revision_returns")),
    )


def downgrade() -> None:
    op.drop_table("revision_returns")
    op.drop_index("ix_proposals_case_id", table_name="proposals")
    op.drop_index("uq_proposals_undecided", table_name="proposals", postgresql_where=UNDECIDED)
    # of several causes the first one stays: before, there was one for each trigger
    op.execute(
        "DELETE FROM proposals AS p USING proposals AS o"
        " WHERE o.case_id = p.case_id AND o.trigger = p.trigger AND o.id < p.id"
    )
    op.create_unique_constraint("uq_proposals_case_id_trigger", "proposals", ["case_id", "trigger"])
    op.drop_column("proposals", "clock")
