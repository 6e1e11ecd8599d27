"""what another unit filled into a form comes, like its words, in a letter, and is added to its line of the timeline"""

from alembic import op

revision = "0009"
down_revision = "0008"

# as in 0008, for several columns, each by itself
REFUSE = """
CREATE OR REPLACE FUNCTION refuse_new_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  words text;
  old_row jsonb := to_jsonb(OLD);
  new_row jsonb := to_jsonb(NEW);
BEGIN
  IF TG_OP = 'UPDATE' THEN
    FOREACH words IN ARRAY TG_ARGV LOOP
      IF old_row -> words = 'null' AND OLD.actor IS NULL THEN
        old_row := old_row - words;
        new_row := new_row - words;
      END IF;
    END LOOP;
    IF old_row = new_row THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
TRIGGER = (
    "CREATE TRIGGER timeline_stays BEFORE UPDATE OR DELETE ON timeline"
    " FOR EACH ROW EXECUTE FUNCTION refuse_new_history({words})"
)


def upgrade() -> None:
    op.execute(REFUSE)
    _watch("'note', 'fields'")


def downgrade() -> None:
    _watch("'note'")


def _watch(words: str) -> None:
    op.execute("DROP TRIGGER timeline_stays ON timeline")
    op.execute(TRIGGER.format(words=words))
    op.execute("ALTER TABLE timeline ENABLE ALWAYS TRIGGER timeline_stays")
