"""approved opinions stay as they are"""

from alembic import op

revision = "0002"
down_revision = "0001"

REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


def upgrade() -> None:
    op.execute(REFUSE)
    op.execute(
        "CREATE TRIGGER opinions_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON opinions"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute("ALTER TABLE opinions ENABLE ALWAYS TRIGGER opinions_stay")


def downgrade() -> None:
    op.execute("DROP TRIGGER opinions_stay ON opinions")
    op.execute("DROP FUNCTION refuse_change()")
