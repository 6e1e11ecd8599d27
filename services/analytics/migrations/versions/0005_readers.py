"""who alone may read the steps of a confidential case"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("facts", sa.Column("readers", postgresql.ARRAY(sa.Text())))


def downgrade() -> None:
    op.drop_column("facts", "readers")
