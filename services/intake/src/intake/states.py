"""The public state of a petition, as events carry it: nothing of what was said or by whom."""

from typing import Any

from sqlalchemy import Row

from contracts.events import GroupAlarm, PetitionState
from intake.domain import Petition


def public_state(petition: Petition) -> PetitionState:
    """What everybody above may know of a new petition."""
    matter, repeat = petition.matter, petition.repeat
    return PetitionState(
        number=petition.number,
        region=petition.region,
        unit=petition.unit,
        channel=matter.channel,
        kind=matter.kind,
        category=matter.category,
        petitioners=petition.head_count,
        about_region=matter.about_region,
        accused_units=list(matter.accused_units),
        received_at=petition.received_at,
        registered_at=petition.registered_at,
        route=matter.route,
        group=petition.group,
        repeat_of=repeat and repeat.of,
        terminated_before=repeat is not None and repeat.terminated,
    )


def state_of_row(row: Row[Any]) -> PetitionState:
    """The same of a petition that stands in the database."""
    return PetitionState(
        number=row.number,
        region=row.region,
        unit=row.unit,
        channel=row.channel,
        kind=row.kind,
        category=row.category,
        petitioners=row.petitioner_count,
        about_region=row.about_region,
        accused_units=row.accused_units,
        received_at=row.received_at,
        registered_at=row.registered_at,
        route=row.route,
        group=row.is_group,
        repeat_of=row.repeat_of,
        terminated_before=row.terminated_before,
    )


def alarm_of(petition: Petition) -> GroupAlarm:
    return GroupAlarm(
        number=petition.number,
        region=petition.region,
        unit=petition.unit,
        petitioners=petition.head_count,
        about_region=petition.matter.about_region,
        at=petition.registered_at,
    )
