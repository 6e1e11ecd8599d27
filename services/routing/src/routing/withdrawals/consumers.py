"""What routing does with withdrawals that other nodes took down, and with their answers."""

from contracts.envelope import Envelope
from contracts.letters import WithdrawalAnswer, WithdrawalRequest
from kit.bus import each
from kit.db import Session
from kit.runtime import Runtime
from routing.withdrawals import store, usecases
from routing.withdrawals.domain import Withdrawal


async def on_request(runtime: Runtime, session: Session, letter: Envelope) -> None:
    told: WithdrawalRequest = letter.data
    asked = Withdrawal(
        told.withdrawal, letter.subject, told.unit, told.node, letter.node, told.version, told.asked_at,
        told.passed_on, note=told.note, fields=told.fields,
    )  # fmt: skip
    await usecases.take(runtime, session, asked, letter)


async def on_answer(_: Runtime, session: Session, letter: Envelope) -> None:
    told: WithdrawalAnswer = letter.data
    await store.answer(session, told.withdrawal, letter.subject, told.reason)


LETTERS = {"routing.withdrawal-request.v1": each(on_request), "routing.withdrawal-answer.v1": each(on_answer)}
