"""of papers which unit filed them and what an opinion says; of approvals for whom; of early recalls by which node"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("papers", sa.Column("unit", sa.Text(), nullable=True))
    op.add_column("papers", sa.Column("outcome", sa.Text(), nullable=True))
    op.add_column("opinions", sa.Column("approved_for", sa.Text(), nullable=True))
    # which node asked is not known of those that are there: they hold no longer and can be asked again
    op.add_column("recalls", sa.Column("node", sa.Text(), nullable=False, server_default=""))
    op.alter_column("recalls", "node", server_default=None)
    op.add_column("recalls", sa.Column("note", sa.LargeBinary(), nullable=True))
    op.drop_constraint("pk_recalls", "recalls")
    op.create_primary_key("pk_recalls", "recalls", ["hand_over", "node"])


def downgrade() -> None:
    op.execute("DELETE FROM recalls r USING recalls o WHERE r.hand_over = o.hand_over AND r.node > o.node")
    op.drop_constraint("pk_recalls", "recalls")
    op.create_primary_key("pk_recalls", "recalls", ["hand_over"])
    op.drop_column("recalls", "note")
    op.drop_column("recalls", "node")
    op.drop_column("opinions", "approved_for")
    op.drop_column("papers", "outcome")
    op.drop_column("papers", "unit")
