"""Rows of quality review. Who may see a case of a round is checked in each statement that reads it for somebody."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from documents.access import visible
from documents.drafts.tables import case_facts
from documents.quality.sampling import handled
from documents.quality.tables import answers, cases, rectification_steps, rectifications, rounds
from documents.tables import petitions
from kit.auth import Principal
from kit.db import Session


def takes_part(reader: Principal) -> ColumnElement[bool]:
    """A round is for the unit that opened it and for those that review."""
    return or_(rounds.c.unit == reader.unit, rounds.c.reviewers.contains([reader.unit]))


async def add_round(session: Session, drawn: Sequence[dict[str, Any]], **columns: Any) -> Row[Any]:
    row: Row[Any] = (await session.sql.execute(insert(rounds).values(columns).returning(rounds))).one()
    await session.sql.execute(insert(cases), [{"round_id": row.id, **each} for each in drawn])
    return row


async def list_rounds(session: Session, reader: Principal, after: UUID | None, limit: int) -> Sequence[Row[Any]]:
    """The newest first; one more than `limit` tells that there is a next page."""
    query = select(rounds).where(takes_part(reader)).order_by(rounds.c.id.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(rounds.c.id < after)
    return (await session.sql.execute(query)).all()


async def find_round(session: Session, round_id: UUID, reader: Principal, *, lock: bool = False) -> Row[Any] | None:
    query = select(rounds).where(rounds.c.id == round_id, takes_part(reader))
    found: Row[Any] | None = (await session.sql.execute(query.with_for_update() if lock else query)).one_or_none()
    return found


async def close_round(session: Session, round_id: UUID, **columns: Any) -> None:
    await session.sql.execute(update(rounds).where(rounds.c.id == round_id).values(columns))


def _seen(reader: Principal) -> Select[Any]:
    """Cases of rounds the reader takes part in, those alone that the reader may read."""
    return (
        select(
            cases, case_facts.c.petition_number, rectifications.c.state.label("rectification"),
            rectifications.c.due_on, handled(cases.c.petition_id, reader.unit).label("own"),
            select(func.count()).select_from(answers).where(_of_case(answers)).scalar_subquery().label("answered"),
            select(func.count()).select_from(answers).where(_of_case(answers), answers.c.answer == "fail")
            .scalar_subquery().label("findings"),
        )
        .join(rounds, rounds.c.id == cases.c.round_id)
        .join(petitions, petitions.c.id == cases.c.petition_id)
        .outerjoin(case_facts, case_facts.c.petition_id == cases.c.petition_id)
        .outerjoin(rectifications, _of_case(rectifications))
        .where(takes_part(reader), visible(reader))
    )  # fmt: skip


def _of_case(table: Any) -> ColumnElement[bool]:
    return and_(table.c.round_id == cases.c.round_id, table.c.petition_id == cases.c.petition_id)


async def list_cases(session: Session, round_id: UUID, reader: Principal, after: int, limit: int) -> Sequence[Row[Any]]:
    """In the order in which they were drawn; one more than `limit` tells that there is a next page."""
    query = _seen(reader).where(cases.c.round_id == round_id, cases.c.position > after)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query.order_by(cases.c.position).limit(limit + 1))).all()
    return rows


async def find_case(
    session: Session, round_id: UUID, petition_id: UUID, reader: Principal, *, lock: bool = False
) -> Row[Any] | None:
    query = _seen(reader).where(cases.c.round_id == round_id, cases.c.petition_id == petition_id)
    if lock:
        query = query.with_for_update(of=cases)
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def change_case(session: Session, row: Row[Any], **columns: Any) -> None:
    """The next version of a case that is locked."""
    change = update(cases).where(cases.c.round_id == row.round_id, cases.c.petition_id == row.petition_id)
    await session.sql.execute(change.values(version=row.version + 1, **columns))


async def answers_of(session: Session, row: Any) -> dict[str, Row[Any]]:
    """By item. row: of a case, or of a rectification."""
    query = select(answers).where(answers.c.round_id == row.round_id, answers.c.petition_id == row.petition_id)
    return {each.item: each for each in await session.sql.execute(query)}


async def save_answers(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    put = upsert(answers)
    kept = {name: put.excluded[name] for name in ("answer", "severity", "note", "record", "answered_by", "answered_at")}
    key = ("round_id", "petition_id", "item")
    await session.sql.execute(put.on_conflict_do_update(index_elements=key, set_=kept), rows)


async def order(session: Session, **columns: Any) -> None:
    await session.sql.execute(insert(rectifications).values(columns))


async def add_step(session: Session, **columns: Any) -> None:
    await session.sql.execute(insert(rectification_steps).values(columns))


async def steps_of(session: Session, rectification_id: UUID) -> Sequence[Row[Any]]:
    query = select(rectification_steps).where(rectification_steps.c.rectification_id == rectification_id)
    return (await session.sql.execute(query.order_by(rectification_steps.c.version))).all()


def _rectified(reader: Principal) -> Select[Any]:
    """Rectifications of the reader's unit, and those its rounds ordered; of cases alone that the reader may read."""
    return (
        select(
            rectifications, rounds.c.checklist, rounds.c.title, cases.c.reviewer, case_facts.c.petition_number,
            cases.c.version.label("case_version"),
        )
        .join(rounds, rounds.c.id == rectifications.c.round_id)
        .join(cases, _of_case(rectifications))
        .join(petitions, petitions.c.id == rectifications.c.petition_id)
        .outerjoin(case_facts, case_facts.c.petition_id == rectifications.c.petition_id)
        .where(or_(rectifications.c.unit == reader.unit, takes_part(reader)), visible(reader))
    )  # fmt: skip


async def list_rectifications(
    session: Session, reader: Principal, after: UUID | None, limit: int, *, open_only: bool
) -> Sequence[Row[Any]]:
    """The newest first; one more than `limit` tells that there is a next page."""
    query = _rectified(reader).order_by(rectifications.c.id.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(rectifications.c.id < after)
    if open_only:
        query = query.where(rectifications.c.state != "accepted")
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows


async def find_rectification(
    session: Session, rectification_id: UUID, reader: Principal, *, lock: bool = False
) -> Row[Any] | None:
    query = _rectified(reader).where(rectifications.c.id == rectification_id)
    if lock:
        query = query.with_for_update(of=[rectifications, cases])
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def rectification_of(session: Session, row: Row[Any]) -> Row[Any] | None:
    """Of a case that was found."""
    query = select(rectifications).where(
        rectifications.c.round_id == row.round_id, rectifications.c.petition_id == row.petition_id
    )
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def change_rectification(session: Session, row: Row[Any], state: str) -> None:
    change = update(rectifications).where(rectifications.c.id == row.id)
    await session.sql.execute(change.values(version=row.version + 1, state=state))
