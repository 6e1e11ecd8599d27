"""A case as one caller sees it: its clocks with their reasons, what may be done now, what was done."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from kit.auth import Principal
from kit.runtime import Runtime
from routing import domain, resources, store
from routing.confidence import open_to_all
from routing.domain import Case, Why
from routing.links.domain import LEAD, lead_of
from routing.models import ActionOut, CaseOut, CaseRow, ClockOut, Entry, FieldOut, HandOverOut, WithdrawalOut
from routing.procedures.domain import ActionRule, ClockRule, Procedure
from routing.procedures.filled import filled
from routing.shapes import clocks_of
from routing.standing import Standing, Step
from routing.table import ACTIONS, TABLE
from routing.timing import clocks, explaining
from routing.withdrawals.store import Asked, text_binding

ORDER = {"green": 0, "yellow": 1, "red": 2}


def line(runtime: Runtime, row: Row[Any]) -> CaseRow:
    held = resources.of(runtime)
    level = worst(runtime, row.body["procedure"], clocks_of(row.body["clocks"]))
    return CaseRow.model_validate({
        **row.body, "id": row.id, "version": row.version, "holder_name": held.name(row.holder_unit),
        "due_at": row.due_at, "level": level, "confidential": not open_to_all(row.body.get("readers")),
    })  # fmt: skip


def worst(runtime: Runtime, procedure: str, running: tuple[clocks.Clock, ...]) -> str:
    """The colour of a case: that of its most pressing time limit."""
    rules = _rules(runtime, procedure)
    now = runtime.clock.now()
    levels = [clocks.level(c, rules[c.name], now) for c in running if c.stopped_at is None and c.name in rules]
    return max(levels, key=ORDER.__getitem__, default="green")


def _rules(runtime: Runtime, procedure: str) -> dict[str, ClockRule]:
    return {rule.name: rule for rule in resources.of(runtime).procedures.seen(procedure).clocks}


def shown(runtime: Runtime, principal: Principal, there: Standing) -> CaseOut:
    held, case = resources.of(runtime), there.case
    offer = case.hand_over
    return CaseOut(
        id=case.id, number=case.number, channel=case.channel, kind=case.kind, state=case.state, stage=case.stage,
        version=case.version, holder_unit=case.holder_unit, holder_name=held.name(case.holder_unit),
        registered_region=case.registered_region, registered_at=case.registered_at, due_at=case.due_at,
        level=worst(runtime, case.procedure, case.clocks), confidential=not open_to_all(case.readers),
        writer=case.writer, procedure=case.procedure,
        route=case.route, asked=case.asked, objections=case.objections, suspended=case.suspended,
        merged_into=case.merged_into if there.shows(case.merged_into) else None,
        outcome=case.outcome, papers=list(case.papers),
        accepted_at=case.accepted_at, served_at=case.served_at,
        closed_at=case.closed_at, accused_units=list(case.accused_units),
        hand_over=None if offer is None else HandOverOut(
            id=offer.id, kind=offer.kind, from_unit=offer.from_unit, to_unit=offer.to_unit,
            offered_at=offer.offered_at, due_at=offer.due_at,
        ),
        clocks=_clocks(runtime, case), actions=actions(runtime, principal, there),
        timeline=_timeline(runtime, there), withdrawal_asked=_awaited(runtime, there),
    )  # fmt: skip


def _timeline(runtime: Runtime, there: Standing) -> list[Entry]:
    """Each version, followed by what was asked of another node while it was the last one here."""
    steps = [_entry(runtime, there.case, _told(there, step)) for step in there.steps]
    asked = [_asked(runtime, each) for each in there.withdrawals]
    return sorted((*steps, *asked), key=lambda entry: entry.version) if asked else steps


def _told(there: Standing, step: Step) -> Step:
    """Without the number of a lead that the caller may not read."""
    lead = lead_of(step.reason)
    return step._replace(reason=LEAD.removesuffix(":")) if lead and not there.shows(lead) else step


def _asked(runtime: Runtime, asked: Asked) -> Entry:
    binding = text_binding(asked.id, "note")
    return Entry(
        version=asked.version, action="ask-withdrawal", unit=asked.unit,
        unit_name=resources.of(runtime).name(asked.unit), actor=asked.actor, at=asked.at, reason=asked.reason,
        note=runtime.keyring.decrypt(asked.note, binding) if asked.note else None,
    )  # fmt: skip


def _awaited(runtime: Runtime, there: Standing) -> WithdrawalOut | None:
    asked = there.asked_to_withdraw
    if asked is None:
        return None
    return WithdrawalOut(unit=asked.unit, unit_name=resources.of(runtime).name(asked.unit), at=asked.at)


def _entry(runtime: Runtime, case: Case, step: Step) -> Entry:
    return Entry(
        version=step.version, action=step.action, unit=step.unit, unit_name=resources.of(runtime).name(step.unit),
        actor=step.actor, at=step.at, reason=step.reason, note=store.opened_note(runtime.keyring, case.id, step),
        fields=_fields(runtime, case, step),
    )  # fmt: skip


def _fields(runtime: Runtime, case: Case, step: Step) -> list[FieldOut]:
    """Who may read the note of a step may read what was filled in with it."""
    rule = resources.of(runtime).procedures.seen(case.procedure).actions.get(step.action, ActionRule())
    found = filled(rule.form, store.opened_fields(runtime.keyring, case.id, step))
    return [FieldOut.model_validate(each, from_attributes=True) for each in found]


def _clocks(runtime: Runtime, case: Case) -> list[ClockOut]:
    rules, now = _rules(runtime, case.procedure), runtime.clock.now()
    return [_clock(runtime, clock, rules[clock.name], now) for clock in case.clocks if clock.name in rules]


def _clock(runtime: Runtime, clock: clocks.Clock, rule: ClockRule, now: datetime) -> ClockOut:
    counting = resources.of(runtime).counting
    why = explaining.explain(clock, rule, counting.calendar, counting.policy)
    return ClockOut(
        name=clock.name, title_zh=rule.zh, title_en=rule.en, article=rule.article, started_at=clock.started_at,
        due_at=clock.due_at, stopped_at=clock.stopped_at, paused=clock.paused_at is not None, extended=clock.extended,
        level=clocks.level(clock, rule, now), why_zh=why.sentence_zh, why_en=why.sentence_en,
        why={each.name: getattr(why, each.name) for each in fields(why)},
    )  # fmt: skip


def actions(runtime: Runtime, principal: Principal, there: Standing) -> list[ActionOut]:
    """Every action of the table: allowed now, or why not."""
    case, now = there.case, runtime.clock.now()
    procedure = resources.of(runtime).procedures.seen(case.procedure)
    actor = there.actor(principal, runtime.node)
    found = []
    for action in ACTIONS:
        why = domain.refusal(case, action, actor, procedure, now)
        if action == "note-withdrawal" and why is None and there.asked_to_withdraw is not None:
            why = Why("withdrawal-asked")
        found.append(_action(case, procedure, action, why, [] if why else _missing(there, action, procedure)))
    return found


def _missing(there: Standing, action: str, procedure: Procedure) -> list[str]:
    """What an action still needs: papers, answers of supporting units."""
    rule = procedure.asks(action, served=there.case.served_at is not None)
    return there.missing_papers(rule) + there.missing_support(action)


def _action(case: Case, procedure: Procedure, action: str, why: Why | None, missing: list[str]) -> ActionOut:
    rule, cell = procedure.asks(action, served=case.served_at is not None), TABLE.get((case.state, action))
    return ActionOut(
        action=action, allowed=why is None and not missing,
        reason=why.slug if why else ("incomplete" if missing else None),
        article=cell.article if cell else None, missing=missing,
        form=dict(rule.form) if rule.form and not why else None,
    )  # fmt: skip
