"""what was done stays as it was told: of the timelines of cases and requests nothing is changed or deleted"""

from alembic import op

revision = "0008"
down_revision = "0007"

# what another node did is told by its event, and the words, sealed, in a letter that may come later: they alone are
# added, once, and never to what was done here. Statements that change no row find no trigger: it is one for each row.
REFUSE = """
CREATE FUNCTION refuse_new_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  words text := TG_ARGV[0];
  old_row jsonb := to_jsonb(OLD);
  new_row jsonb := to_jsonb(NEW);
BEGIN
  IF TG_OP = 'UPDATE' AND old_row - words = new_row - words
    AND (old_row -> words = new_row -> words OR (old_row -> words = 'null' AND OLD.actor IS NULL)) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
WORDS = {"timeline": "note", "request_steps": "text"}


def upgrade() -> None:
    op.execute(REFUSE)
    for table, words in WORDS.items():
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION refuse_new_history('{words}')"
        )
        op.execute(
            f"CREATE TRIGGER {table}_is_not_emptied BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_stays")
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_is_not_emptied")


def downgrade() -> None:
    for table in WORDS:
        op.execute(f"DROP TRIGGER {table}_is_not_emptied ON {table}")
        op.execute(f"DROP TRIGGER {table}_stays ON {table}")
    op.execute("DROP FUNCTION refuse_new_history()")
