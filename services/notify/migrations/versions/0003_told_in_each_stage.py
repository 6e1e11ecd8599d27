"""what happens in a review or re-review is told as well, each once in each stage of the case"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
FIRST = sa.text("'handling'")


def upgrade() -> None:
    op.add_column("stages", sa.Column("case_stage", sa.Text(), server_default=FIRST, nullable=False))
    op.drop_constraint("pk_stages", "stages", type_="primary")
    op.create_primary_key("pk_stages", "stages", ["petition_id", "case_stage", "stage"])
    op.add_column("messages", sa.Column("case_stage", sa.Text(), server_default=FIRST, nullable=False))
    op.add_column("messages", sa.Column("happening", sa.Text(), nullable=True))
    op.execute("UPDATE messages SET happening = template")
    op.alter_column("messages", "happening", nullable=False)
    op.alter_column("messages", "case_stage", server_default=None)
    op.drop_constraint("uq_messages_petition_id_template", "messages", type_="unique")
    op.create_unique_constraint(
        op.f("uq_messages_petition_id_case_stage_happening"), "messages", ["petition_id", "case_stage", "happening"]
    )


def downgrade() -> None:
    op.drop_constraint("uq_messages_petition_id_case_stage_happening", "messages", type_="unique")
    # what was told in a review has no place in the first release
    op.execute("DELETE FROM messages WHERE case_stage <> 'handling'")
    op.execute("DELETE FROM stages WHERE case_stage <> 'handling'")
    op.create_unique_constraint("uq_messages_petition_id_template", "messages", ["petition_id", "template"])
    op.drop_column("messages", "happening")
    op.drop_column("messages", "case_stage")
    op.drop_constraint("pk_stages", "stages", type_="primary")
    op.create_primary_key("pk_stages", "stages", ["petition_id", "stage"])
    op.drop_column("stages", "case_stage")
