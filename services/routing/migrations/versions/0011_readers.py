"""who alone may read a confidential case, and what is asked about it"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("cases", sa.Column("readers", postgresql.ARRAY(sa.Text())))
    op.add_column("requests", sa.Column("readers", postgresql.ARRAY(sa.Text())))


def downgrade() -> None:
    op.drop_column("requests", "readers")
    op.drop_column("cases", "readers")
