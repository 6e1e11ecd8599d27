"""Art 36 at every tier: what went through re-review is recognised wherever the same person raises it next.

Its petition file is at every node above the registering one, so the node at the top has all of them. A node that
registers a petition asks it without saying who came (kit.lockbox), and what is answered opens for that person's alone.
"""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from prometheus_client import Counter
from pydantic import BaseModel

from contracts.envelope import Envelope
from contracts.letters import TerminatedAnswer, TerminatedMatter, TerminatedQuestion
from contracts.speech import post
from contracts.units import UnitDirectory
from intake import resources, similarity, store, terminated_store
from intake.domain import Petitioner
from intake.repeats import id_key
from kit.db import Session
from kit.errors import Refused
from kit.lockbox import bucket, lock, unlock
from kit.paths import ancestors
from kit.phones import phone_key
from kit.runtime import Runtime

AT_ONCE = 20  # matters locked in one round, a second or two
ANSWERED = 100  # questions of a node that waited, in one round
MOST = 1000  # values a question asks for, matters an answer has
QUESTIONS = Counter(
    "xinqiao_terminated_questions_total", "Questions about terminated matters by node and outcome", ["node", "outcome"]
)
COMPARED = 2000  # characters of a text that are compared at most (similarity.LONGEST, without its noise)


class Matter(BaseModel):
    """What is locked."""

    number: str
    registered_at: datetime
    accused_units: list[str]
    text: str


def values_of(people: Sequence[Petitioner]) -> list[str]:
    """What these people are recognised by."""
    ids = (f"id:{id_key(person.id_number)}" for person in people if person.id_number)
    phones = (f"phone:{phone_key(person.phone)}" for person in people if person.phone)
    return sorted({*ids, *phones})


def _top(runtime: Runtime) -> str:
    known = {entry.path for entry in runtime.settings.directory}
    return min((path for path in ancestors(runtime.node) if path in known), key=len, default=runtime.node)


def ask(
    runtime: Runtime, session: Session, events: Iterable[Envelope], people: Mapping[UUID, Sequence[Petitioner]]
) -> None:
    """Ask about those who raised these petitions, which were registered here. Only appeals come to a re-review."""
    top = _top(runtime)
    for event in events:
        if event.data.kind != "appeal" or top == runtime.node:
            continue
        values = values_of(people[event.subject])[:MOST]
        if values:
            question = TerminatedQuestion(buckets=sorted({bucket(value) for value in values}))
            kind = "intake.terminated-question.v1"
            post(runtime, session, kind, question, to=top, subject=event.subject, cause=event)


async def lock_new(runtime: Runtime, session: Session) -> None:
    """At the top: let what went through re-review be found, once its petition file is here."""
    if _top(runtime) != runtime.node:
        return
    for row in await terminated_store.not_locked(session, AT_ONCE):
        matter = Matter(
            number=row["number"], registered_at=row["registered_at"], accused_units=row["accused_units"],
            text=(row["title"] + row["content"])[:COMPARED],
        ).model_dump_json()  # fmt: skip
        values = values_of(await store.people_of(session, runtime.keyring, row["id"]))
        locked = [(bucket(v), await asyncio.to_thread(lock, matter, v, row["id"].bytes)) for v in values[:MOST]]
        await terminated_store.keep_locked(session, row["id"], locked)


async def answer(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """What is in the buckets, within what a node may ask for in a day: who asked for all buckets would take all that is
    locked home. What is more waits for the next days, whoever asks; so does what comes after it.

    Raises Refused("too-many-requests") where too much waits.
    """
    question: TerminatedQuestion = letter.data
    policy, node = resources.of(runtime).settings, letter.node
    overtakes = await terminated_store.waits(session, node)
    if not overtakes and await _granted(runtime, session, node, question.buckets):
        await _answer(runtime, session, node, letter.subject, question.buckets, letter)
        QUESTIONS.labels(node, "answered").inc()
        return
    now = runtime.clock.now()
    if not await terminated_store.let_wait(
        session, node, letter.subject, question.buckets, now, policy.terminated_waiting
    ):
        QUESTIONS.labels(node, "refused").inc()
        raise Refused("too-many-requests", sender=node)
    QUESTIONS.labels(node, "waits").inc()


async def answer_waiting(runtime: Runtime, session: Session) -> None:
    """The oldest questions that wait, of each node as far as the day's allowance goes."""
    known = {entry.path for entry in runtime.settings.directory}
    for node in await terminated_store.waiting_nodes(session):
        done = []
        for row in await terminated_store.next_of(session, node, ANSWERED):
            if node in known:
                if not await _granted(runtime, session, node, row["buckets"]):
                    break
                await _answer(runtime, session, node, row["petition_id"], row["buckets"])
            done.append(row["petition_id"])
        await terminated_store.answered(session, node, done)
        QUESTIONS.labels(node, "answered").inc(len(done))


async def _granted(runtime: Runtime, session: Session, node: str, buckets: Sequence[int]) -> bool:
    day, most = runtime.clock.now().date(), resources.of(runtime).settings.terminated_buckets_per_day
    return await terminated_store.grant(session, node, day, len(buckets), most)


async def _answer(
    runtime: Runtime, session: Session, node: str, petition: UUID, buckets: Sequence[int], cause: Envelope | None = None
) -> None:
    """What is in the buckets, but for what is to be kept from units of the node that asks (Art 30)."""
    units = resources.of(runtime).units
    rows = await terminated_store.in_buckets(session, buckets, petition, MOST)
    matters = [
        TerminatedMatter(petition=row["petition_id"], bucket=row["bucket"], sealed=b64encode(row["sealed"]).decode())
        for row in rows
        if not _kept_from(units, node, row["accused_units"])
    ]
    if matters:
        found = TerminatedAnswer(matters=matters)
        post(runtime, session, "intake.terminated-answer.v1", found, to=node, subject=petition, cause=cause)


def _kept_from(units: UnitDirectory, node: str, accused: Sequence[str]) -> bool:
    return any(units.is_kept_from(unit, accused) for unit in units.units.values() if unit.node == node)


async def learn(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """Keep of the answer what is the petitioners' own: the number, and how alike the matters are; never the text.

    Raises Refused("sender-outside-link") unless it is from the node at the top.
    """
    if letter.node != _top(runtime):
        raise Refused("sender-outside-link", sender=letter.node)
    row = await store.by_id(session, letter.subject)
    if row is None or row.registered_node != runtime.node:
        raise Refused("not-found")
    values: dict[int, list[str]] = {}
    for value in values_of(await store.people_of(session, runtime.keyring, letter.subject)):
        values.setdefault(bucket(value), []).append(value)
    for told in letter.data.matters:
        for value in values.get(told.bucket, ()):
            opened = await asyncio.to_thread(unlock, b64decode(told.sealed), value, told.petition.bytes)
            if opened is not None:
                await _keep(session, letter.subject, row.title + row.content, told.petition, value, opened)


async def _keep(session: Session, petition_id: UUID, text: str, other: UUID, value: str, opened: str) -> None:
    matter = Matter.model_validate_json(opened)
    await terminated_store.keep_found(
        session, petition_id, other, number=matter.number, registered_at=matter.registered_at,
        accused_units=matter.accused_units, by_id=value.startswith("id:"), score=similarity.score(text, matter.text),
    )  # fmt: skip
