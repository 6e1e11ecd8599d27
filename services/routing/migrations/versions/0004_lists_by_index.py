"""lists of cases by state, by holder and by what is due first to whom are read from an index, also from the middle"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("DROP INDEX ix_cases_to_do")
    op.execute(
        "CREATE INDEX ix_cases_to_do ON cases"
        " (coalesce(body->>'asked', holder_unit), coalesce(due_at, 'infinity'::timestamptz), id) WHERE open"
    )
    op.create_index("ix_cases_state", "cases", ["state", "id"])
    op.create_index("ix_cases_holder", "cases", ["holder_unit", "state", "id"])


def downgrade() -> None:
    op.drop_index("ix_cases_holder", table_name="cases")
    op.drop_index("ix_cases_state", table_name="cases")
    op.drop_index("ix_cases_to_do", table_name="cases")
    op.create_index("ix_cases_to_do", "cases", ["holder_unit", "due_at", "id"], postgresql_where="open")
