"""What is asked of the node that writes a case, by letter: no version comes of it here, so the audit says who asked."""

from dataclasses import replace
from hashlib import sha256

from contracts.envelope import Envelope
from contracts.letters import RecallRequest, WithdrawalRequest
from contracts.speech import post
from kit import audit
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime
from routing.domain import Case, Order
from routing.standing import Standing
from routing.withdrawals import store
from routing.withdrawals.domain import Withdrawal


def recall(runtime: Runtime, session: Session, case: Case, order: Order) -> None:
    """Ask for the offer back."""
    if case.hand_over is not None:
        request = RecallRequest(hand_over=case.hand_over.id, version=case.version, note=order.note)
        post(
            runtime, session, "routing.recall-request.v1", request, to=case.writer, subject=case.id,
            sequence=case.version,
        )  # fmt: skip
        audit.note(
            session, "ask-recall", subject=case.id, at=order.at, actor=order.actor.subject, unit=order.actor.unit,
            before=case.version, detail={"hand_over": str(case.hand_over.id)},
        )  # fmt: skip


def withdrawal(runtime: Runtime, session: Session, there: Standing, order: Order) -> Standing:
    """Take down that the petitioner withdrew, and ask for the version that says so; how the case stands then.

    Raises Refused("withdrawal-asked") while the last one is neither written nor answered.
    """
    if there.asked_to_withdraw is not None:
        raise Refused("withdrawal-asked")
    case, actor = there.case, order.actor
    asked = Withdrawal(
        runtime.ids.new(), case.id, actor.unit, runtime.node, runtime.node, case.version, order.at,
        actor=actor.subject, note=order.note, fields=order.fields,
    )  # fmt: skip
    row = store.take_down(session, runtime.keyring, asked)
    send(runtime, session, asked, to=case.writer)
    digests = {name: sha256(text).hexdigest() for name, text in (("note", row.note), ("fields", row.fields)) if text}
    audit.note(
        session, "ask-withdrawal", subject=case.id, at=order.at, actor=actor.subject, unit=actor.unit,
        before=case.version, detail={"withdrawal": str(asked.id), **digests},
    )  # fmt: skip
    return replace(there, withdrawals=(*there.withdrawals, row))


def send(runtime: Runtime, session: Session, asked: Withdrawal, *, to: str, cause: Envelope | None = None) -> None:
    request = WithdrawalRequest(
        withdrawal=asked.id, unit=asked.unit, node=asked.node, version=asked.version, asked_at=asked.at,
        passed_on=asked.passed_on, note=asked.note, fields=asked.fields,
    )  # fmt: skip
    post(
        runtime, session, "routing.withdrawal-request.v1", request, to=to, subject=asked.case_id,
        sequence=asked.version, cause=cause,
    )  # fmt: skip
