"""The service as data: everything the composition root needs to know of notify."""

from pathlib import Path

import notify.callbacks.tables
import notify.desk.refusals
import notify.desk.tables
import notify.gateways.refusals
import notify.gateways.tables
import notify.notices.refusals
import notify.staff.refusals
import notify.words.refusals  # noqa: F401 - their tables and refusals are known once they are imported
from kit.app import HOUSEKEEPING, Service
from kit.sealing import Sealed
from notify.api import router
from notify.callbacks.jobs import JOBS as CALLBACK_JOBS
from notify.consumers import CONSUMERS
from notify.desk.api import router as desk_router
from notify.desk.unread import JOBS as DESK_JOBS
from notify.gateways.api import router as gateways_router
from notify.gateways.holding import hold_gateways
from notify.inbound.handling import HANDLER
from notify.inbound.keeping import DRAINER
from notify.inbound.tables import (
    dialogue_binding,
    dialogues,
    inbound,
    inbound_parts,
    number_questions,
    part_binding,
    question_binding,
)
from notify.inbound.tables import text_binding as said_binding
from notify.inbound.unanswered import JOBS as TEXT_JOBS
from notify.moving import MOVE_PHONES, move_phones
from notify.notices.api import router as notices_router
from notify.notices.making import MAKER
from notify.outbound.jobs import JOBS as OUTBOUND_JOBS
from notify.outbound.outgoing import text_binding
from notify.outbound.sending import WORKERS as SENDING
from notify.outbound.tables import messages
from notify.phones import number_binding, old_binding
from notify.resources import open_resources
from notify.staff.api import router as staff_router
from notify.staff.delivering import WORKERS as STAFF_WORKERS
from notify.staff.delivering import address_binding
from notify.staff.jobs import JOBS as STAFF_JOBS
from notify.staff.tables import addresses
from notify.statistics.api import router as statistics_router
from notify.tables import metadata, petitions, phones
from notify.words.api import router as words_router

service = Service(
    name="notify",
    title="Messages to petitioners (告知): who was told",
    routers=(router, words_router, gateways_router, notices_router, desk_router, statistics_router, staff_router),
    metadata=metadata,
    migrations=Path(__file__).parents[2] / "migrations" / "versions",
    consumers=CONSUMERS,
    resources=open_resources,
    lines=(hold_gateways,),
    setup=move_phones,
    workers=(*SENDING, MAKER, HANDLER, DRAINER, *STAFF_WORKERS),
    jobs=(HOUSEKEEPING, MOVE_PHONES, *OUTBOUND_JOBS, *STAFF_JOBS, *CALLBACK_JOBS, *TEXT_JOBS, *DESK_JOBS),
    sealed=(
        Sealed(phones, ("number",), number_binding),
        Sealed(petitions, ("phone",), old_binding),  # for processes of the release before
        Sealed(messages, ("text",), text_binding),
        Sealed(inbound, ("text", "raw"), said_binding),
        Sealed(inbound_parts, ("text", "raw"), part_binding),
        Sealed(dialogues, ("said",), dialogue_binding),
        Sealed(number_questions, ("said",), question_binding),
        Sealed(addresses, ("value", "secret", "code"), address_binding),
    ),
)
