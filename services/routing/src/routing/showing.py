"""A case as one caller sees it: its clocks with their reasons, what may be done now, what was done."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from kit.auth import Principal
from kit.db import Session
from kit.runtime import Runtime
from routing import approvals, domain, resources, store, usecases
from routing.domain import Case, Why
from routing.models import ActionOut, CaseOut, CaseRow, ClockOut, Entry, HandOverOut
from routing.procedures.domain import ActionRule, ClockRule, Procedure
from routing.shapes import clocks_of
from routing.table import ACTIONS, TABLE
from routing.timing import clocks, explaining

ORDER = {"green": 0, "yellow": 1, "red": 2}


def line(runtime: Runtime, row: Row[Any]) -> CaseRow:
    held = resources.of(runtime)
    level = worst(runtime, row.body["procedure"], clocks_of(row.body))
    return CaseRow.model_validate({
        **row.body, "id": row.id, "version": row.version, "holder_name": held.name(row.holder_unit),
        "due_at": row.due_at, "level": level,
    })  # fmt: skip


def worst(runtime: Runtime, procedure: str, running: tuple[clocks.Clock, ...]) -> str:
    """The colour of a case: that of its most pressing time limit."""
    rules = _rules(runtime, procedure)
    now = runtime.clock.now()
    levels = [clocks.level(c, rules[c.name], now) for c in running if c.stopped_at is None and c.name in rules]
    return max(levels, key=ORDER.__getitem__, default="green")


def _rules(runtime: Runtime, procedure: str) -> dict[str, ClockRule]:
    return {rule.name: rule for rule in resources.of(runtime).procedures.get(procedure).clocks}


async def shown(runtime: Runtime, session: Session, principal: Principal, case: Case) -> CaseOut:
    held = resources.of(runtime)
    rows = await store.timeline_of(session, case.id)
    offer = case.hand_over
    return CaseOut(
        id=case.id, number=case.number, channel=case.channel, kind=case.kind, state=case.state, stage=case.stage,
        version=case.version, holder_unit=case.holder_unit, holder_name=held.name(case.holder_unit),
        registered_region=case.registered_region, registered_at=case.registered_at, due_at=case.due_at,
        level=worst(runtime, case.procedure, case.clocks), writer=case.writer, procedure=case.procedure,
        route=case.route, asked=case.asked, objections=case.objections, suspended=case.suspended,
        merged_into=case.merged_into, outcome=case.outcome, papers=list(case.papers),
        accepted_at=case.accepted_at, served_at=case.served_at,
        closed_at=case.closed_at, accused_units=list(case.accused_units),
        hand_over=None if offer is None else HandOverOut(
            id=offer.id, kind=offer.kind, from_unit=offer.from_unit, to_unit=offer.to_unit,
            offered_at=offer.offered_at, due_at=offer.due_at,
        ),
        clocks=_clocks(runtime, case), actions=await actions(runtime, session, principal, case),
        timeline=[
            Entry(version=row["version"], action=row["action"], unit=row["unit"], unit_name=held.name(row["unit"]),
                  actor=row["actor"], at=row["at"], reason=row["reason"],
                  note=store.opened_note(runtime.keyring, row))
            for row in rows
        ],
    )  # fmt: skip


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


async def actions(runtime: Runtime, session: Session, principal: Principal, case: Case) -> list[ActionOut]:
    """Every action of the table: allowed now, or why not."""
    procedure = resources.of(runtime).procedures.get(case.procedure)
    case = await usecases.with_submitter(session, case)
    actor = await usecases.actor_of(runtime, session, principal, case)
    now = runtime.clock.now()
    whys = {action: domain.refusal(case, action, actor, procedure, now) for action in ACTIONS}
    missing = await _missing(session, case, procedure, [action for action, why in whys.items() if why is None])
    return [_action(case, procedure, action, why, missing.get(action, [])) for action, why in whys.items()]


async def _missing(session: Session, case: Case, procedure: Procedure, allowed: Sequence[str]) -> dict[str, list[str]]:
    """What each of the actions still needs: papers, answers of supporting units."""
    wanted = {action: procedure.actions[action].papers for action in allowed if action in procedure.actions}
    filed = await approvals.filed_kinds(session, case) if any(wanted.values()) else set()
    missing = {action: [kind for kind in papers if kind not in filed] for action, papers in wanted.items()}
    if "submit" in missing:
        missing["submit"] += await usecases.missing_support(session, case, "submit")
    return missing


def _action(case: Case, procedure: Procedure, action: str, why: Why | None, missing: list[str]) -> ActionOut:
    rule, cell = procedure.actions.get(action, ActionRule()), TABLE.get((case.state, action))
    return ActionOut(
        action=action, allowed=why is None and not missing,
        reason=why.slug if why else ("incomplete" if missing else None),
        article=cell.article if cell else None, missing=missing,
        form=dict(rule.form) if rule.form and not why else None,
    )  # fmt: skip
