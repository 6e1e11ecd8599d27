"""who alone may read messages about a confidential case"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("petitions", sa.Column("readers", postgresql.ARRAY(sa.Text())))


def downgrade() -> None:
    op.drop_column("petitions", "readers")
