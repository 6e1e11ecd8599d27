"""What can be done with ratings. Each function runs in its caller's transaction."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.events import RatingState
from contracts.speech import emit
from intake import evaluation, ratings_store, store, usecases
from intake.evaluation import Review, Window
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

EXPIRED_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Rated:
    """review: what the petitioner may ask for who is not satisfied."""

    at: datetime
    review: Review | None


async def rate(
    runtime: Runtime, session: Session, number: str, code: str, *, office: str, unit: str, comment: str | None
) -> Rated:
    """The petitioner rates the petition office and the responsible unit. Raises Refused."""
    await usecases.check_query_code(runtime, session, number, code)
    return await give(runtime, session, number, office=office, unit=unit, comment=comment)


async def give(
    runtime: Runtime, session: Session, number: str, *, office: str, unit: str, comment: str | None
) -> Rated:
    """The same for who is known to be the petitioner. Raises Refused."""
    row = await store.by_number(session, number)
    if row is None:
        raise Refused("wrong-query-code")
    now = runtime.clock.now()
    window = await ratings_store.window_of(session, row.id, hold=True)
    evaluation.check(window, now)
    await ratings_store.give(session, runtime.keyring, row.id, office=office, unit=unit, comment=comment, at=now)
    state = RatingState(
        number=row.number, region=row.region, unit=row.unit, holder_unit=row.handler_unit,
        office_rating=office, unit_rating=unit, at=now,
    )  # fmt: skip
    version = window.version if window is not None else 1
    emit(runtime, session, "intake.rating.given.v1", state, subject=row.id, sequence=version)
    unhappy = "not" in {office, unit}
    return Rated(now, evaluation.review_open(row.review, row.review_until, now) if unhappy else None)


@dataclass(frozen=True, slots=True)
class Rating:
    """window: null before the answer; the rest null while nothing was said."""

    window: Window | None
    office: str | None = None
    unit: str | None = None
    comment: str | None = None
    given_at: datetime | None = None

    def outcome(self, now: datetime) -> str:
        """One of: none, open, rated, expired."""
        if self.window is None or (self.window.outcome is None and self.window.closes_at is None):
            return "none"
        return self.window.outcome or ("open" if self.window.open_at(now) else evaluation.EXPIRED)


async def read(runtime: Runtime, session: Session, petition_id: UUID, principal: Principal) -> Rating:
    """What the petitioner said. Raises Refused("not-found")."""
    if await store.find(session, petition_id, principal.region, principal.line) is None:
        raise Refused("not-found")
    window = await ratings_store.window_of(session, petition_id)
    row = await ratings_store.rating_of(session, petition_id)
    if row is None:
        return Rating(window)
    sealed = row["comment"]
    comment = None if sealed is None else runtime.keyring.decrypt(sealed, ratings_store.binding(petition_id))
    return Rating(window, row["office"], row["unit"], comment, row["given_at"])


async def expire(runtime: Runtime, session: Session) -> int:
    """Tell, once each, that the time for rating ended without one; returns how many."""
    now = runtime.clock.now()
    rows = await ratings_store.expire(session, now, EXPIRED_AT_ONCE)
    for row in rows:
        state = RatingState(
            number=row["number"], region=row["region"], unit=row["unit"], holder_unit=row["holder_unit"], at=now
        )
        emit(runtime, session, "intake.rating.expired.v1", state, subject=row["id"], sequence=row["version"])
    return len(rows)
