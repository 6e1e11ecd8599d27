"""who alone may read a petition whose case is confidential"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("case_states", sa.Column("readers", postgresql.ARRAY(sa.Text())))


def downgrade() -> None:
    op.drop_column("case_states", "readers")
