"""bundles of pages, what is read on them, and the work on them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

# what a filed bundle was made of stays, for the owner of the tables too; ALWAYS: whatever the session's role
BUNDLE = """
CREATE TRIGGER bundles_stay BEFORE UPDATE OR DELETE ON bundles
FOR EACH ROW WHEN (OLD.state = 'filed') EXECUTE FUNCTION refuse_change()
"""
REFUSE = """
CREATE FUNCTION refuse_change_of_filed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE touched uuid;
BEGIN
  FOREACH touched IN ARRAY CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.bundle_id] WHEN 'DELETE' THEN ARRAY[OLD.bundle_id]
    ELSE ARRAY[OLD.bundle_id, NEW.bundle_id] END LOOP
    IF EXISTS (SELECT FROM bundles WHERE id = touched AND state = 'filed') THEN
      RAISE EXCEPTION 'the pages of a filed bundle are never changed' USING ERRCODE = 'restrict_violation';
    END IF;
  END LOOP;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""
PAGES = """
CREATE TRIGGER bundle_pages_stay BEFORE INSERT OR UPDATE OR DELETE ON bundle_pages
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_filed()
"""


def upgrade() -> None:
    op.create_table(
        "bundles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("files", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filed_unit", sa.Text(), nullable=True),
        sa.Column("filed_by", sa.Text(), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("problem_at", sa.Integer(), nullable=True),
        sa.CheckConstraint("(state = 'filed') = (file_id IS NOT NULL)", name=op.f("ck_bundles_filed_is_a_file")),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_bundles_petition_id")),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_bundles_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bundles")),
        sa.UniqueConstraint("file_id", name=op.f("uq_bundles_file_id")),
    )
    op.create_index("ix_bundles_petition", "bundles", ["petition_id", "id"])
    op.create_index("ix_bundles_preparing", "bundles", ["id"], postgresql_where=sa.text("state = 'preparing'"))
    op.create_table(
        "page_sources",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("pages", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("object", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_page_sources_file_id")),
        sa.ForeignKeyConstraint(["object"], ["objects.name"], name=op.f("fk_page_sources_object")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_page_sources")),
    )
    op.create_index(op.f("ix_page_sources_object"), "page_sources", ["object"])
    op.create_table(
        "page_thumbnails",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["page_sources.file_id"], name=op.f("fk_page_thumbnails_file_id")),
        sa.ForeignKeyConstraint(["object"], ["objects.name"], name=op.f("fk_page_thumbnails_object")),
        sa.PrimaryKeyConstraint("file_id", "page", name=op.f("pk_page_thumbnails")),
    )
    op.create_index(op.f("ix_page_thumbnails_object"), "page_thumbnails", ["object"])
    op.create_table(
        "bundle_pages",
        sa.Column("bundle_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("rotation", sa.SmallInteger(), nullable=False),
        sa.Column("read", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.CheckConstraint("rotation IN (0, 90, 180, 270)", name=op.f("ck_bundle_pages_quarter_turns")),
        sa.ForeignKeyConstraint(["bundle_id"], ["bundles.id"], name=op.f("fk_bundle_pages_bundle_id")),
        sa.ForeignKeyConstraint(["file_id"], ["page_sources.file_id"], name=op.f("fk_bundle_pages_file_id")),
        sa.PrimaryKeyConstraint("bundle_id", "position", name=op.f("pk_bundle_pages")),
    )
    op.create_table(
        "page_texts",
        sa.Column("bundle_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("layer", sa.LargeBinary(), nullable=True),
        sa.Column("buckets", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.ForeignKeyConstraint(["bundle_id"], ["bundles.id"], name=op.f("fk_page_texts_bundle_id")),
        sa.PrimaryKeyConstraint("bundle_id", "position", name=op.f("pk_page_texts")),
    )
    op.create_index("ix_page_texts_buckets", "page_texts", ["buckets"], postgresql_using="gin")
    op.create_table(
        "page_work",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("urgency", sa.SmallInteger(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("bundle_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_work")),
    )
    op.create_index("ix_page_work_urgency", "page_work", ["urgency", "id"])
    op.create_index("ix_page_work_bundle", "page_work", ["bundle_id"])
    for statement in (BUNDLE, REFUSE, PAGES):
        op.execute(statement)
    for table in ("bundles", "bundle_pages"):
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_stay")


def downgrade() -> None:
    for table in ("page_work", "page_texts", "bundle_pages", "page_thumbnails", "page_sources", "bundles"):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_change_of_filed()")
