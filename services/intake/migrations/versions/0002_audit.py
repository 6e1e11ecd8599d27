"""the audit stays as it was written"""

from alembic import op

from kit import audit

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    audit.protect(op)


def downgrade() -> None:
    audit.unprotect(op)
