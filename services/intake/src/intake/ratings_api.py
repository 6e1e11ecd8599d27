"""HTTP face of ratings: the petitioner gives one, the offices read it."""

from typing import Annotated

from fastapi import APIRouter, Header, Request

from intake import ratings
from intake.api import Number, PetitionId, Reader, runtime_of
from intake.numbers import is_petition_number
from intake.ratings_models import RatingIn, RatingOut, ReviewOffer, Thanks
from kit.auth import public
from kit.db import Db
from kit.errors import Refused
from kit.idempotency import Idempotent, IdempotentRoute

router = APIRouter(prefix="/api/intake/v1", route_class=IdempotentRoute, tags=["intake"])


@router.post("/public/petitions/{number}/ratings", status_code=201, dependencies=[public(), Idempotent])
async def rate(
    request: Request,
    session: Db,
    number: Number,
    body: RatingIn,
    query_code: Annotated[str, Header(min_length=4, max_length=32)],
) -> Thanks:
    """Rate the office and the unit, once, after the answer and in time, with number and query code."""
    if not is_petition_number(number):
        raise Refused("wrong-query-code")
    rated = await ratings.rate(
        runtime_of(request), session, number, query_code, office=body.office, unit=body.unit, comment=body.comment
    )
    return Thanks(given_at=rated.at, review=rated.review and ReviewOffer.of(rated.review))


@router.get("/petitions/{petition_id}/rating")
async def read_rating(request: Request, session: Db, principal: Reader, petition_id: PetitionId) -> RatingOut:
    """What the petitioner thinks of the office and of the unit, at the node where the petition was registered."""
    runtime = runtime_of(request)
    found = await ratings.read(runtime, session, petition_id, principal)
    return RatingOut(
        outcome=found.outcome(runtime.clock.now()),
        opened_at=found.window and found.window.opened_at,
        closes_at=found.window and found.window.closes_at,
        office=found.office,
        unit=found.unit,
        comment=found.comment,
        given_at=found.given_at,
    )
