"""Drawing the cases of a round: one statement over all that ended, by a seed that anybody can use again.

Asked twice: may whoever opens the round read the case, and is there a unit among the reviewers that may read it and did
not handle it. Both by the condition of every reading (documents.access).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, cast, exists, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, array
from sqlalchemy.types import Text

from documents.access import visible
from documents.dossiers.tables import steps
from documents.drafts.facts import CHINA
from documents.quality.domain import ENDINGS, ENDS, HANDLING, MOST_CASES
from documents.quality.tables import ENDED
from documents.tables import petitions
from kit.auth import Principal
from kit.db import Session


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is drawn from. begins, ends: days in China on which cases ended, both included; units: that ended them;
    reviewers: units, each as somebody of it who holds no role.
    """

    seed: str
    begins: date
    ends: date
    units: Sequence[str]
    reviewers: Sequence[Principal]
    size: int | None = None
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A case that is reviewed. of: how many of its unit it was drawn from; place: that digest, see `draw`."""

    petition_id: UUID
    unit: str
    handled_by: tuple[str, ...]
    fit: tuple[str, ...]
    ended_on: date
    of: int
    place: bytes


async def draw(session: Session, reader: Principal, wanted: Wanted) -> list[Drawn]:
    """The cases in order of SHA-256(seed:petition id), the first of each unit; one more than MOST_CASES tells that
    there are too many.
    """
    rows = (await session.sql.execute(_statement(reader, wanted))).all()
    return [
        Drawn(
            row.petition_id, row.unit, tuple(row.handled_by), tuple(row.fit), row.at.astimezone(CHINA).date(), row.of,
            row.place,
        )
        for row in rows
    ]  # fmt: skip


def handled(petition_id: ColumnElement[UUID], unit: str) -> ColumnElement[bool]:
    """Whether a unit handled a case."""
    done = steps.alias("handling")
    return exists().where(done.c.petition_id == petition_id, done.c.unit == unit, done.c.action.in_(HANDLING))


def _statement(reader: Principal, wanted: Wanted) -> Select[Any]:
    ended = _ended(reader, wanted)
    fit = select(ended).where(func.cardinality(ended.c.fit) > 0).cte("fit")
    ranked = select(
        fit,
        func.row_number().over(partition_by=fit.c.unit, order_by=fit.c.place).label("rank"),
        func.count().over(partition_by=fit.c.unit).label("of"),
    ).cte("ranked")
    query = select(ranked).order_by(ranked.c.place).limit(MOST_CASES + 1)
    return query.where(_within_share(ranked.c.rank, ranked.c["of"], wanted))


def _within_share(rank: ColumnElement[int], of: ColumnElement[int], wanted: Wanted) -> ColumnElement[bool]:
    """So many, or so many in a hundred, rounded up."""
    if wanted.size is not None:
        return rank <= wanted.size
    return rank * 100 <= of * (wanted.percent or 0) + 99


def _ended(reader: Principal, wanted: Wanted) -> Any:
    """Cases whose last end lies in the period and that stand ended, with those who may review them."""
    later = steps.alias("later")
    goes_on = exists().where(
        later.c.petition_id == steps.c.petition_id, later.c.version > steps.c.version,
        or_(later.c.state.not_in(ENDS), later.c.action.in_(ENDINGS)),
    )  # fmt: skip
    digest = func.sha256(func.convert_to(wanted.seed + ":" + cast(steps.c.petition_id, Text), "UTF8"), type_=BYTEA)
    found = and_(
        text(ENDED), steps.c.unit.in_(wanted.units), steps.c.at >= _midnight(wanted.begins),
        steps.c.at < _midnight(wanted.ends + timedelta(days=1)), steps.c.state.in_(ENDS), ~goes_on, visible(reader),
    )  # fmt: skip
    return (
        select(
            steps.c.petition_id, steps.c.unit, steps.c.at, digest.label("place"),
            _handlers().label("handled_by"), _fit(wanted.reviewers).label("fit"),
        )
        .join(petitions, petitions.c.id == steps.c.petition_id)
        .where(found)
        .cte("ended")
    )  # fmt: skip


def _handlers() -> Any:
    done = steps.alias("done")
    units = (
        select(done.c.unit)
        .where(done.c.petition_id == steps.c.petition_id, done.c.action.in_(HANDLING))
        .distinct()
        .order_by(done.c.unit)
        .correlate(steps)
        .scalar_subquery()
    )
    return func.array(units, type_=ARRAY(Text))


def _fit(reviewers: Sequence[Principal]) -> ColumnElement[Any]:
    """Those of the reviewing units that may read the case and have not handled it."""
    each = [
        case((and_(visible(reviewer), ~handled(steps.c.petition_id, reviewer.unit)), literal(reviewer.unit)))
        for reviewer in reviewers
    ]
    listed: ColumnElement[Any] = array(each, type_=Text())
    return func.array_remove(listed, None, type_=ARRAY(Text))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA)
