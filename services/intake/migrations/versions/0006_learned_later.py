"""of cases what they turn out to be, and whom they accuse, as it becomes known after their registration"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("case_states", sa.Column("kind", sa.Text(), nullable=True))
    op.add_column(
        "case_states",
        sa.Column("accused_units", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("case_states", "accused_units")
    op.drop_column("case_states", "kind")
