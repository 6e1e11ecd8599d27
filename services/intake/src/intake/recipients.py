"""Who is to get a mass notice (群发通知): petitions that the asker may read, page by page; docs/adr/0042."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_

from contracts.envelope import Envelope
from contracts.notices import A_PAGE, RecipientPetition, Recipients, RecipientsAsked
from contracts.speech import post
from intake.store import readable
from intake.tables import case_states, petition_scopes, petitions
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

STATE = func.coalesce(case_states.c.state, "registered")
HOLDER = func.coalesce(case_states.c.holder_unit, petitions.c.unit)


async def answer(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """Tell notify the next page. Raises Refused("sender-outside-link"): whom a line of units may read of, this node
    alone can say of its own people.
    """
    if letter.node != runtime.node:
        raise Refused("sender-outside-link", sender=letter.node)
    asked: RecipientsAsked = letter.data
    rows = await _page(session, runtime.node, asked)
    shown = rows[:A_PAGE]
    page = Recipients(
        query=asked.query,
        page=asked.page,
        petitions=[RecipientPetition(petition=row.id, state=row.state) for row in shown],
        next=shown[-1].id if len(rows) > len(shown) else None,
    )
    post(runtime, session, "notify.recipients.v1", page, to=runtime.node, subject=letter.subject, cause=letter)


async def _page(session: Session, node: str, asked: RecipientsAsked) -> Sequence[Row[Any]]:
    """One row more than a page tells that there is a next one. Petitioners of other nodes are told by these."""
    query = chosen(readable(asked.scope, asked.line), asked).where(petitions.c.registered_node == node)
    if asked.after is not None:
        query = query.where(petition_scopes.c.petition_id < asked.after)
    query = query.order_by(petition_scopes.c.petition_id.desc()).limit(A_PAGE + 1)
    named: Select[Any] = query.with_only_columns(petitions.c.id, STATE.label("state"), maintain_column_froms=True)
    rows: Sequence[Row[Any]] = (await session.sql.execute(named)).all()
    return rows


def chosen(query: Select[Any], asked: RecipientsAsked) -> Select[Any]:
    """The petitions that all given filters keep."""
    equal: dict[ColumnElement[Any], str | None] = {
        petitions.c.channel: asked.channel, petitions.c.kind: asked.kind, STATE: asked.state, HOLDER: asked.unit,
    }  # fmt: skip
    for column, wanted in equal.items():
        if wanted is not None:
            query = query.where(column == wanted)
    if asked.region is not None:
        region = petitions.c.region
        query = query.where(or_(region == asked.region, region.startswith(f"{asked.region}.", autoescape=True)))
    if asked.category is not None:
        query = query.where(petitions.c.category.startswith(asked.category, autoescape=True))
    if asked.registered_from is not None:
        query = query.where(petitions.c.registered_at >= asked.registered_from)
    if asked.registered_until is not None:
        query = query.where(petitions.c.registered_at < asked.registered_until)
    return query
