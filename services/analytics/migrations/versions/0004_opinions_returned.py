"""opinions that were returned for revision are a step that is counted; a rebuild counts those of before"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("facts", sa.Column("opinion_returned_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("facts", "opinion_returned_at")
