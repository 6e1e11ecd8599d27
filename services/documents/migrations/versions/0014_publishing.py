"""what an office makes public, and the guards that nothing gets there without its reviews"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
KEPT_FOR_EVER = (
    "publication_versions", "publication_explanations", "publication_decisions", "published", "withdrawals",
)  # fmt: skip
NEVER_GONE = ("publications",)
# what documents.publishing.domain decides, once more for whoever inserts a row by hand
REVIEWED = """
CREATE FUNCTION publication_reviewed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  given publications%ROWTYPE;
  approvals bigint;
BEGIN
  SELECT * INTO given FROM publications WHERE id = NEW.publication_id FOR UPDATE;
  IF (given.state, given.version, given.round, given.unit, given.kind)
     IS DISTINCT FROM ('review', NEW.version, NEW.round, NEW.unit, NEW.kind)
     OR (given.paper_id, given.supersedes) IS DISTINCT FROM (NEW.paper_id, NEW.supersedes) THEN
    RAISE EXCEPTION 'this is not what is under review' USING ERRCODE = 'restrict_violation';
  END IF;
  SELECT count(DISTINCT account) INTO approvals FROM publication_decisions AS d
  WHERE (d.publication_id, d.version, d.round, d.decision) = (NEW.publication_id, NEW.version, NEW.round, 'approve')
    AND account <> given.begun_by
    AND NOT EXISTS (SELECT FROM publication_versions AS v
                    WHERE v.publication_id = NEW.publication_id AND v.saved_by = account)
    AND NOT EXISTS (SELECT FROM publication_explanations AS e
                    WHERE e.publication_id = NEW.publication_id AND e.explained_by = account);
  IF approvals < (CASE WHEN given.sensitive THEN 5 ELSE 3 END) THEN
    RAISE EXCEPTION 'too few people who did not write it have approved it' USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.paper_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM papers JOIN petitions ON petitions.id = petition_id
    WHERE papers.id = NEW.paper_id AND office_unit = NEW.unit) THEN
    RAISE EXCEPTION 'a paper of a case is never published' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""
STANDS = """
CREATE FUNCTION publication_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'published' OR (OLD.sensitive AND NOT NEW.sensitive) OR OLD.begun_by <> NEW.begun_by
     OR NEW.round < OLD.round OR NEW.version < OLD.version
     OR (NEW.state = 'published') <> EXISTS (SELECT FROM published WHERE publication_id = NEW.id) THEN
    RAISE EXCEPTION 'what is public, its author and what is sensitive stay' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""


def _moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_{table}_{column}"))


def _publications() -> None:
    op.create_table(
        "publications",
        _id("id"), _id("folder_id"), _text("unit"), _text("kind"), _id("petition_id", nullable=True),
        _id("paper_id", nullable=True), _id("supersedes", nullable=True), _text("state"), _number("version"),
        _number("round"), _text("step", nullable=True), sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("topics", postgresql.ARRAY(sa.Text()), nullable=False), _text("begun_by"), _moment("begun_at"),
        _text("saved_by"), _moment("saved_at"),
        sa.CheckConstraint(
            "kind IN ('answers', 'rules', 'statistics-report', 'annual-report', 'case-example')",
            name=op.f("ck_publications_kind"),
        ),
        sa.CheckConstraint("state IN ('draft', 'review', 'published')", name=op.f("ck_publications_state")),
        sa.CheckConstraint("(state = 'review') = (step IS NOT NULL)", name=op.f("ck_publications_turn")),
        sa.CheckConstraint(
            "(kind = 'case-example') = (petition_id IS NOT NULL)", name=op.f("ck_publications_example_of_a_case")
        ),
        _refers("publications", "folder_id", "petitions.id"),
        _refers("publications", "petition_id", "petitions.id"),
        _refers("publications", "paper_id", "sealed_papers.paper_id"),
        _refers("publications", "supersedes", "publications.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
    )  # fmt: skip
    op.create_index("ix_publications_folder", "publications", ["folder_id", "id"])
    op.create_index("ix_publications_review", "publications", ["id"], postgresql_where=sa.text("state = 'review'"))


def _reviews() -> None:
    op.create_table(
        "publication_versions",
        _id("publication_id"), _number("version"), sa.Column("content", sa.LargeBinary(), nullable=False),
        _text("saved_by"), _moment("saved_at"),
        _refers("publication_versions", "publication_id", "publications.id"),
        sa.PrimaryKeyConstraint("publication_id", "version", name=op.f("pk_publication_versions")),
    )  # fmt: skip
    op.create_table(
        "publication_explanations",
        _id("publication_id"), _text("mark"), _text("rule"), sa.Column("reason", sa.LargeBinary(), nullable=False),
        _text("explained_by"), _moment("explained_at"),
        _refers("publication_explanations", "publication_id", "publications.id"),
        sa.PrimaryKeyConstraint("publication_id", "mark", name=op.f("pk_publication_explanations")),
    )  # fmt: skip
    op.create_table(
        "publication_decisions",
        _id("publication_id"), _number("round"), _text("account"), _number("version"), _text("step"),
        _text("decision"), _text("unit"), sa.Column("reason", sa.LargeBinary(), nullable=True), _moment("decided_at"),
        sa.CheckConstraint("decision IN ('approve', 'return')", name=op.f("ck_publication_decisions_decision")),
        sa.CheckConstraint(
            "(decision = 'return') = (reason IS NOT NULL)", name=op.f("ck_publication_decisions_says_why")
        ),
        _refers("publication_decisions", "publication_id", "publications.id"),
        sa.PrimaryKeyConstraint("publication_id", "round", "account", name=op.f("pk_publication_decisions")),
        sa.UniqueConstraint(
            "publication_id", "round", "step", name=op.f("uq_publication_decisions_publication_id_round_step")
        ),
    )  # fmt: skip


def _published() -> None:
    op.create_table(
        "published",
        _id("publication_id"), _number("version"), _number("round"), _text("kind"), _text("unit"), _text("title"),
        _text("body"), _text("correction", nullable=True), _id("paper_id", nullable=True), _text("sha256"),
        _id("supersedes", nullable=True), _moment("published_at"),
        sa.CheckConstraint("(supersedes IS NULL) = (correction IS NULL)", name=op.f("ck_published_correction")),
        _refers("published", "publication_id", "publications.id"),
        _refers("published", "paper_id", "sealed_papers.paper_id"),
        _refers("published", "supersedes", "published.publication_id"),
        sa.PrimaryKeyConstraint("publication_id", name=op.f("pk_published")),
        sa.UniqueConstraint("supersedes", name=op.f("uq_published_supersedes")),
    )  # fmt: skip
    op.create_index("ix_published_at", "published", ["published_at", "publication_id"])
    op.create_index("ix_published_kind", "published", ["kind", "published_at", "publication_id"])
    op.create_table(
        "withdrawals",
        _id("publication_id"), sa.Column("reason", sa.LargeBinary(), nullable=False), _text("unit"),
        _text("withdrawn_by"), _moment("withdrawn_at"),
        _refers("withdrawals", "publication_id", "published.publication_id"),
        sa.PrimaryKeyConstraint("publication_id", name=op.f("pk_withdrawals")),
    )  # fmt: skip


def _guard(name: str, table: str, when: str, each: str, function: str) -> None:
    """ALWAYS: whatever the session's role."""
    op.execute(f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH {each} EXECUTE FUNCTION {function}()")
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def upgrade() -> None:
    _publications()
    _reviews()
    _published()
    op.execute(REVIEWED)
    op.execute(STANDS)
    for table in KEPT_FOR_EVER:  # refuse_change: of the first migration
        _guard(f"{table}_stay", table, "UPDATE OR DELETE OR TRUNCATE", "STATEMENT", "refuse_change")
    for table in NEVER_GONE:
        _guard(f"{table}_stay", table, "DELETE OR TRUNCATE", "STATEMENT", "refuse_change")
    _guard("publication_stands", "publications", "UPDATE", "ROW", "publication_stands")
    _guard("publication_reviewed", "published", "INSERT", "ROW", "publication_reviewed")


def downgrade() -> None:
    for table in (
        "withdrawals", "published", "publication_decisions", "publication_explanations", "publication_versions",
        "publications",
    ):  # fmt: skip
        op.drop_table(table)
    op.execute("DROP FUNCTION publication_reviewed()")
    op.execute("DROP FUNCTION publication_stands()")
