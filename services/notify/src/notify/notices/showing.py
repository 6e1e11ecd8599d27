"""Mass notices as people see them: how far they are, what they would cost, what became of each message."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import asyncpg
from sqlalchemy import Row

from kit.auth import Principal
from kit.crypto import Keyring
from kit.db import Session
from kit.personal import mask
from kit.runtime import Runtime
from notify import resources
from notify.gateways.states import Standing, standing
from notify.notices import domain, store
from notify.notices.domain import APPROVER, Progress
from notify.notices.models import (
    CostOut,
    DryRunOut,
    GatheringOut,
    NoticeOut,
    NoticeRow,
    ProgressOut,
    ResultOut,
    SampleOut,
)
from notify.notices.saying import said
from notify.notices.usecases import standing_of
from notify.outbound.parts import split
from notify.phones import number_of
from notify.words.domain import Text

ROW = ("id", "title", "template", "language", "state", "version", "author", "created_at", "state_at", "recipients")
MORE = ("text", "given", "chosen", "submitted_by", "decided_by", "reason", "started_at", "ended_at")


def text_of(notice: Row[Any]) -> Text:
    """As it was when the notice was written: a later release, or the office, may say it in other words."""
    return Text("mass", notice.template, notice.language, notice.template_version, notice.text)


def row_of(notice: Row[Any]) -> NoticeRow:
    return NoticeRow.model_validate({name: getattr(notice, name) for name in ROW})


async def notice_of(session: Session, notice: Row[Any], who: Principal) -> NoticeOut:
    progress = Progress(notice.recipients, notice.left_out, await store.counts(session, notice.id))
    told = {name: getattr(notice, name) for name in (*ROW, *MORE)}
    return NoticeOut.model_validate(
        {**told, "gathering": _gathering(notice), "progress": _progress(progress), "may": may(notice, who)}
    )


def _gathering(notice: Row[Any]) -> GatheringOut:
    return GatheringOut(
        complete=notice.gathered_at is not None, pages=notice.pages, matched=notice.matched,
        reachable=notice.reachable, recipients=notice.recipients,
    )  # fmt: skip


def _progress(progress: Progress) -> ProgressOut:
    return ProgressOut(
        recipients=progress.recipients, waiting=progress.waiting, left_out=progress.left_out, gone=progress.gone,
        messages=dict(progress.messages),
    )  # fmt: skip


def may(notice: Row[Any], who: Principal) -> list[str]:
    """What this person may do with it now; the use cases decide the same again."""
    standing = standing_of(notice)
    offered = [action for state, action in domain.TABLE if state == standing.state and action != "finish"]
    if not standing.gathered or not standing.recipients:
        offered = [action for action in offered if action != "submit"]
    if APPROVER not in who.roles:
        offered = [action for action in offered if action not in {"approve", "return"}]
    return [action for action in offered if action != "approve" or who.subject not in standing.writers]


async def dry_run(runtime: Runtime, session: Session, notice: Row[Any]) -> DryRunOut:
    """Parts are counted from the very texts, one for each kind of text that looks alike."""
    shapes = await store.shapes(session, notice.id)
    samples = _samples(runtime, notice, shapes)
    to_send, parts = sum(each.recipients for each in samples), sum(each.parts * each.recipients for each in samples)
    return DryRunOut(
        matched=notice.matched,
        without_phone=notice.matched - notice.reachable,
        same_phone=notice.reachable - notice.recipients,
        recipients=notice.recipients,
        opted_out=notice.recipients - to_send,
        to_send=to_send,
        parts=parts,
        samples=samples[:100],
        costs=costs(runtime, await standing(runtime, session), parts),
    )


def _samples(runtime: Runtime, notice: Row[Any], shapes: Sequence[asyncpg.Record]) -> list[SampleOut]:
    """Texts that are the same but for a number of the same length have as many parts: numbers are plain letters. Where
    the text tells no stage, or several are told in the same words, they are one.
    """
    words, text = resources.of(runtime).words, text_of(notice)
    counted: Counter[tuple[str, int]] = Counter()
    shown: dict[tuple[str, int], tuple[str, str]] = {}
    for shape in shapes:
        told = said(words, text, notice.unit, notice.given, number=shape["number"], state=shape["state"])
        alike = (told.replace(shape["number"], ""), shape["width"] if "number" in text.fields else 0)
        counted[alike] += shape["count"]
        shown.setdefault(alike, (told, shape["state"]))
    return [
        SampleOut(stage=state, text=told, parts=len(parts), units=parts.units, recipients=counted[alike])
        for alike, (told, state) in shown.items()
        for parts in [split(told)]
    ]


def costs(runtime: Runtime, gateways: Mapping[str, Standing], parts: int) -> list[CostOut]:
    """By gateway: what all of it would cost there, and its share of what is divided by weight."""
    held = resources.of(runtime)
    whole = sum(each.weight for each in held.settings.gateways) or 1
    return [
        CostOut(
            gateway=each.name,
            up={"up": True, "down": False}.get(gateways[each.name].state),
            cost_a_part=each.cost,
            cost=(each.cost * parts).quantize(Decimal("0.01")),
            share=round(100 * each.weight / whole, 1),
        )
        for each in held.settings.gateways
    ]


def result_of(ring: Keyring, row: Row[Any]) -> ResultOut:
    return ResultOut(
        petition_id=row.petition_id, number=row.number, stage=row.stage,
        phone=mask(number_of(ring, row.key, row.phone)), state=row.state or row.left_out or "waiting",
        gateway=row.gateway, parts=row.parts, reason=row.reason, sent_at=row.sent_at, at=row.state_at,
    )  # fmt: skip
