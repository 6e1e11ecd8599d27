"""A case as the domain knows it and as others are told of it: the same names, so that only types change."""

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any
from uuid import UUID

from contracts import events
from routing.domain import Case, HandOver, Last
from routing.timing.clocks import Clock
from routing.timing.pauses import Pause

# what a case has and nobody is told, and what is told in another shape
_OWN = frozenset({"id", "version", "submitted_by", "approvers"})
_SHAPED = frozenset({"last", "hand_over", "hops", "clocks"})
_PLAIN = tuple(each.name for each in fields(Case) if each.name not in _OWN | _SHAPED)
_OFFER = tuple(each.name for each in fields(HandOver))
_CLOCK = tuple(each.name for each in fields(Clock) if each.name != "spans")
_PAUSE = tuple(each.name for each in fields(Pause))


def _taken(source: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(source, name) for name in names}


def public_state(case: Case) -> events.CaseState:
    """The whole public state of a version: no note, no actor."""
    last, offer = case.last, case.hand_over
    return events.CaseState(
        **_taken(case, _PLAIN),
        hand_over=None if offer is None else events.HandOver(**asdict(offer)),
        hops=[events.HandOver(**asdict(hop)) for hop in case.hops],
        clocks=[_told_clock(clock) for clock in case.clocks],
        last=events.LastAction(action=last.action, unit=last.unit, at=last.at, reason=last.reason),
    )


def case_of(case_id: UUID, version: int, state: events.CaseState, note: str = "", form: str = "") -> Case:
    """A told state as a case of the domain. note, form: what a letter says of its last action."""
    taken = _taken(state, _PLAIN)
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in taken.items()}
    return Case(
        id=case_id,
        version=version,
        **plain,
        hand_over=None if state.hand_over is None else _hand_over(state.hand_over),
        hops=tuple(_hand_over(hop) for hop in state.hops),
        clocks=tuple(map(_clock, state.clocks)),
        last=Last(state.last.action, state.last.unit, state.last.at, state.last.reason, note, fields=form),
    )


def _hand_over(told: events.HandOver) -> HandOver:
    return HandOver(**_taken(told, _OFFER))


def _told_clock(clock: Clock) -> events.Clock:
    return events.Clock(**_taken(clock, _CLOCK), spans=[events.Pause(**_taken(span, _PAUSE)) for span in clock.spans])


def _clock(told: events.Clock) -> Clock:
    return Clock(**_taken(told, _CLOCK), spans=tuple(Pause(**_taken(span, _PAUSE)) for span in told.spans))


def clocks_of(told: Iterable[Any]) -> tuple[Clock, ...]:
    """The clocks alone of a stored state, as JSON has them: lists of cases need no more."""
    return tuple(_clock(events.Clock.model_validate(each)) for each in told)


def read(case_id: UUID, version: int, body: str) -> Case:
    """A case from its stored state as text."""
    return case_of(case_id, version, events.CaseState.model_validate_json(body))


def stored(case_id: UUID, version: int, body: Any) -> Case:
    """A case from the columns of its row."""
    return case_of(case_id, version, events.CaseState.model_validate(body))
