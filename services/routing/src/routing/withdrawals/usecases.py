"""Deciding about withdrawals that another node took down. Each function runs in its caller's transaction."""

from collections.abc import Sequence
from uuid import UUID

from contracts.envelope import Envelope
from contracts.letters import WithdrawalAnswer
from contracts.speech import post
from kit.db import Session
from kit.runtime import Runtime
from routing import asking, resources, store, usecases
from routing.domain import Actor, Case
from routing.table import OFFICE
from routing.withdrawals import domain
from routing.withdrawals import store as withdrawals_store
from routing.withdrawals.domain import Withdrawal

SYSTEM = "system"


async def settle(runtime: Runtime, session: Session, case_ids: Sequence[UUID], cause: Envelope | None = None) -> None:
    """Go on with those that lie here, of cases whose next version was just given to this node."""
    for asked in await withdrawals_store.unanswered(session, runtime.keyring, case_ids):
        await take(runtime, session, asked, cause)


async def take(runtime: Runtime, session: Session, asked: Withdrawal, cause: Envelope | None = None) -> None:
    """Write it, answer why not, pass it on, or keep it until the version has come that it follows."""
    case = await store.locked(session, asked.case_id)
    step = domain.next_step(case, asked, runtime.node)
    if case is None or step == "wait":
        await withdrawals_store.keep(session, runtime.keyring, asked)
        return
    if step == "decide":
        await _decide(runtime, session, case, asked, cause)
    else:
        on = domain.passed_on(case, asked, runtime.node)
        if isinstance(on, str):
            await _answer(runtime, session, asked, on, cause)
        else:
            asking.send(runtime, session, on, to=case.writer, cause=cause)
    if asked.node != runtime.node:
        await withdrawals_store.forget(session, asked.id)


async def _decide(runtime: Runtime, session: Session, case: Case, asked: Withdrawal, cause: Envelope | None) -> None:
    held = resources.of(runtime)
    if held.node_of(asked.unit) != asked.node:
        await _answer(runtime, session, asked, "unknown-unit", cause)
        return
    above = held.unit(asked.unit).above
    changed = domain.decided(
        case, asked, Actor(SYSTEM, asked.unit, runtime.node, OFFICE, above), runtime.clock.now(),
        held.procedures.seen(case.procedure), held.counting,
        holder_node=held.node_of(case.holder_unit),
    )  # fmt: skip
    if isinstance(changed, str):
        await _answer(runtime, session, asked, changed, cause)
    elif changed is not None:
        await usecases.write(runtime, session, changed, cause)


async def _answer(runtime: Runtime, session: Session, asked: Withdrawal, reason: str, cause: Envelope | None) -> None:
    if asked.node == runtime.node:
        await withdrawals_store.answer(session, asked.id, asked.case_id, reason)
    elif asked.node in {entry.path for entry in runtime.settings.directory}:
        answer = WithdrawalAnswer(withdrawal=asked.id, reason=reason)
        post(
            runtime, session, "routing.withdrawal-answer.v1", answer, to=asked.node, subject=asked.case_id, cause=cause
        )
