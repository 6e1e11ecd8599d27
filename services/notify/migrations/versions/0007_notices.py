"""notices to many petitioners, and who works on which conversation"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
MOMENT = sa.DateTime(timezone=True)
NONE = sa.text("0")


def upgrade() -> None:
    _notices()
    _recipients()
    _conversations()


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("template_version", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("given", postgresql.JSONB(), nullable=False),
        sa.Column("chosen", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("writers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("line", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("query", sa.Uuid(), nullable=False),
        sa.Column("pages", sa.Integer(), server_default=NONE, nullable=False),
        sa.Column("matched", sa.Integer(), server_default=NONE, nullable=False),
        sa.Column("reachable", sa.Integer(), server_default=NONE, nullable=False),
        sa.Column("recipients", sa.Integer(), server_default=NONE, nullable=False),
        sa.Column("made", sa.Integer(), server_default=NONE, nullable=False),
        sa.Column("left_out", sa.Integer(), server_default=NONE, nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("gathered_at", MOMENT),
        sa.Column("submitted_by", sa.Text()),
        sa.Column("decided_by", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("started_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("state_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_unit", "notices", ["unit", "id"])
    under_way = sa.text("state IN ('running', 'paused', 'stopped')")
    op.create_index("ix_notices_open", "notices", ["state", "id"], postgresql_where=under_way)


def _recipients() -> None:
    op.create_table(
        "recipients",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("phone_key", sa.LargeBinary(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid()),
        sa.Column("left_out", sa.Text()),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_recipients_notice_id_notices")),
        sa.ForeignKeyConstraint(["phone_key"], ["phones.key"], name=op.f("fk_recipients_phone_key_phones")),
        sa.PrimaryKeyConstraint("notice_id", "phone_key", name=op.f("pk_recipients")),
        sa.UniqueConstraint("notice_id", "petition_id", name=op.f("uq_recipients_notice_id_petition_id")),
    )
    waiting = sa.text("message_id IS NULL AND left_out IS NULL")
    op.create_index("ix_recipients_waiting", "recipients", ["notice_id", "petition_id"], postgresql_where=waiting)


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("phone_key", sa.LargeBinary(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text()),
        sa.Column("closed_at", MOMENT),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["phone_key"], ["phones.key"], name=op.f("fk_conversations_phone_key_phones")),
        sa.PrimaryKeyConstraint("phone_key", name=op.f("pk_conversations")),
    )
    op.create_index("ix_conversations_unit", "conversations", ["unit", "operator"])


def downgrade() -> None:
    op.drop_table("conversations")
    op.drop_table("recipients")
    op.drop_table("notices")
