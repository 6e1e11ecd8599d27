"""Nothing is public that too few have approved, and nothing public changes: by any order of actions, and by SQL."""

import asyncio
import random
import uuid
from typing import Any

import asyncpg
import pytest
from services.documents.tests.releasing import CLERK, COUNTY, FIRST, ORDINARY, SECOND, SENSITIVE, THIRD, Press
from tests.support.nodes import token

TABLES = ["publication_versions", "publication_explanations", "publication_decisions", "published", "withdrawals"]
INSERT = """
INSERT INTO published (publication_id, version, round, kind, unit, title, body, sha256, published_at)
SELECT id, version, round, kind, unit, 'x', 'x', 'x', now() FROM publications WHERE id = $1
"""
DECIDE = """
INSERT INTO publication_decisions (publication_id, round, account, version, step, decision, unit, decided_at)
SELECT id, round, $2, version, $3, 'approve', unit, now() FROM publications WHERE id = $1
"""
EVERYBODY = [
    token(roles=["clerk", "handler", "leader", "supervisor"], subject=f"p{number}") for number in range(8)
]  # fmt: skip
# the reviewers of what is public that did not write or explain it, and whether it needed five
COUNTED = """
SELECT sensitive, (
  SELECT count(DISTINCT account) FROM publication_decisions AS d
  WHERE d.publication_id = p.publication_id AND (d.round, d.version, d.decision) = (p.round, p.version, 'approve')
    AND account NOT IN (SELECT saved_by FROM publication_versions AS v WHERE v.publication_id = p.publication_id)
    AND account NOT IN (
      SELECT explained_by FROM publication_explanations AS e WHERE e.publication_id = p.publication_id)
) AS people FROM published AS p JOIN publications ON id = publication_id
"""


@pytest.fixture
def press(desk: Any) -> Press:
    return Press(desk)


async def test_whatever_people_do_in_whatever_order_nothing_is_public_without_its_reviewers(press: Press) -> None:
    """The rules alone are tried with thousands of sequences in test_publishing_rules; this is the whole service."""
    chance = random.Random(33)
    made = [await press.begin(who=EVERYBODY[0]) for _ in range(4)]
    for _ in range(120):
        who, publication = chance.choice(EVERYBODY), chance.choice(made)
        found = await press.read(publication, who=who)
        act = chance.choices(["review", "send", "save", "flag", "return"], [60, 25, 6, 1, 3])[0]
        if act == "save":
            await press.save(publication, found["version"], who=who, title=f"第{chance.random()}稿")
        elif act == "send":
            await press.send(publication, found["version"], who=who)
        elif act == "flag":
            await press.ask("POST", f"{publication}/flag", who=who)
        elif found["step"]:
            reason = "改" if act == "return" else None
            await press.review(publication, who, found["step"]["name"], number=found["round"], reason=reason)
    rows = await press.desk.running.rows(COUNTED)
    assert len(rows) >= 2, "the sequences must reach the end now and then"
    assert all(row["people"] >= (5 if row["sensitive"] else 3) for row in rows)


async def refused(press: Press, statement: str, *values: Any) -> None:
    with pytest.raises(asyncpg.RestrictViolationError):
        await press.desk.running.rows(statement, *values)


async def test_no_sql_publishes_with_too_few_reviewers_or_the_author_among_them(press: Press) -> None:
    """The service's role owns its tables here: the strongest short of the server's administrator."""
    owner = await press.desk.running.rows(
        "SELECT tableowner = current_user AS mine FROM pg_tables WHERE tablename = 'published'"
    )
    assert owner[0]["mine"]
    publication = uuid.UUID(await press.begin())
    await refused(press, INSERT, publication)  # a draft
    await press.send(str(publication))
    await press.approve(str(publication), ORDINARY[:2])
    await refused(press, INSERT, publication)
    await press.desk.running.rows(DECIDE, publication, "tester", "final")  # the author
    await refused(press, INSERT, publication)
    await press.desk.running.rows(DECIDE, publication, "somebody", "another")
    await press.desk.running.rows(INSERT, publication)  # three others: the guard can let something through


async def test_no_sql_publishes_what_is_sensitive_with_three_nor_calls_it_harmless(press: Press) -> None:
    publication = uuid.UUID(await press.begin())
    await press.send(str(publication))
    await press.approve(str(publication), ORDINARY[:2])
    await press.ask("POST", f"{publication}/flag", who=COUNTY)
    await press.desk.running.rows(DECIDE, publication, "somebody", "final")
    await refused(press, INSERT, publication)
    await refused(press, "UPDATE publications SET sensitive = false WHERE id = $1", publication)
    await refused(press, "UPDATE publications SET state = 'published', step = NULL WHERE id = $1", publication)
    await refused(press, "UPDATE publications SET begun_by = 'nobody' WHERE id = $1", publication)
    await press.approve(str(publication), SENSITIVE[2:3])
    await refused(press, INSERT, publication)


async def test_approvals_of_another_text_count_for_nothing(press: Press) -> None:
    publication = uuid.UUID(await press.begin())
    await press.send(str(publication))
    await press.approve(str(publication), ORDINARY[:2])
    await press.desk.running.rows(DECIDE, publication, "somebody", "another")
    await press.desk.running.rows("UPDATE publications SET version = 2 WHERE id = $1", publication)
    await refused(press, INSERT, publication)


async def test_nobody_changes_or_removes_what_was_written_reviewed_or_published(press: Press) -> None:
    publication = await press.begin(content={"title": "咨询", "body": "电话0571-87654321。"})
    (hit,) = (await press.read(publication))["hits"]
    await press.ask("POST", f"{publication}/explanations", json={"mark": hit["mark"], "reason": "办公电话"})
    await press.send(publication)
    await press.approve(publication)
    await press.ask("POST", f"{publication}/withdrawal", who=SECOND, json={"reason": "过时"})
    for table in TABLES:
        for statement in ("UPDATE {} SET publication_id = publication_id", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
            await refused(press, statement.format(table))
        assert await press.desk.running.rows(f"SELECT 1 FROM {table}")  # noqa: S608 - a name of the list above
    for statement in (
        "DELETE FROM publications",
        "TRUNCATE publications CASCADE",
        "UPDATE publications SET topics = '{}'",
    ):
        await refused(press, statement)
    async with press.desk.running.runtime.database.transaction() as session:
        await session.raw.execute("SET LOCAL session_replication_role = replica")
        with pytest.raises(asyncpg.RestrictViolationError):
            await session.raw.execute("DELETE FROM withdrawals")


async def test_a_role_that_may_only_work_with_the_rows_has_no_way_either(press: Press) -> None:
    publication = uuid.UUID(await press.begin())
    await press.send(str(publication))
    async with press.desk.running.runtime.database.transaction() as session:
        role = f"worker_{uuid.uuid4().hex[:8]}"
        await session.raw.execute(f"CREATE ROLE {role}")
        await session.raw.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
        await session.raw.execute(f"SET LOCAL ROLE {role}")
        for error, statement in (
            (asyncpg.RestrictViolationError, INSERT.replace("$1", f"'{publication}'")),
            (asyncpg.RestrictViolationError, "DELETE FROM publication_decisions"),
            (asyncpg.InsufficientPrivilegeError, "ALTER TABLE published DISABLE TRIGGER ALL"),
        ):
            with pytest.raises(error):
                async with session.raw.transaction():
                    await session.raw.execute(statement)
        await session.raw.execute("RESET ROLE")
        await session.raw.execute(f"DROP OWNED BY {role}")
        await session.raw.execute(f"DROP ROLE {role}")


async def test_two_who_approve_the_same_step_at_once_are_one_approval(press: Press) -> None:
    publication = await press.begin()
    await press.send(publication)
    answers = await asyncio.gather(*(press.review(publication, who, "first") for who in (FIRST, SECOND, THIRD)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert (await press.read(publication, who=CLERK))["step"]["name"] == "second"
