"""what stands in the store, and files on their way in"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# what is there already was neither scanned nor verified: both begin with the oldest
BACKFILL = """
INSERT INTO objects (name, sha256, bytes, kept_at, scan_after, verify_after)
SELECT object, min(sha256), min(bytes), min(stored_at), min(stored_at), min(stored_at) FROM files GROUP BY object
"""


def upgrade() -> None:
    op.create_table(
        "objects",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("sm3", sa.Text(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("encrypted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scan", sa.Text(), server_default="unscanned", nullable=False),
        sa.Column("threat", sa.Text(), nullable=True),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scan_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("fault_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verify_after", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("scan IN ('unscanned', 'clean', 'infected')", name=op.f("ck_objects_scan")),
        sa.CheckConstraint("fault IN ('missing', 'altered')", name=op.f("ck_objects_fault")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_objects")),
    )
    op.create_index("ix_objects_unscanned", "objects", ["scan_after"], postgresql_where=sa.text("scan = 'unscanned'"))
    op.create_index("ix_objects_verify_after", "objects", ["verify_after"])
    op.create_index("ix_objects_faulty", "objects", ["name"], postgresql_where=sa.text("fault IS NOT NULL"))
    op.execute(BACKFILL)
    op.create_index(op.f("ix_files_object"), "files", ["object"])
    op.create_foreign_key(op.f("fk_files_object"), "files", "objects", ["object"], ["name"])
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("metadata", sa.LargeBinary(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("position >= 0 AND position < length", name=op.f("ck_uploads_position")),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_uploads_petition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index(op.f("ix_uploads_unit"), "uploads", ["unit"])
    op.create_index(op.f("ix_uploads_expires_at"), "uploads", ["expires_at"])
    op.create_table(
        "upload_parts",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("spool", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.id"], name=op.f("fk_upload_parts_upload_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("upload_id", "start", name=op.f("pk_upload_parts")),
        sa.UniqueConstraint("spool", name=op.f("uq_upload_parts_spool")),
    )


def downgrade() -> None:
    op.drop_table("upload_parts")
    op.drop_table("uploads")
    op.drop_constraint(op.f("fk_files_object"), "files", type_="foreignkey")
    op.drop_index(op.f("ix_files_object"), table_name="files")
    op.drop_table("objects")
