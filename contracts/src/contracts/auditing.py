"""Telling the nodes above how far the audit of a service has come: what they keep, nobody here can write anew."""

from datetime import timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts.events import AuditHead
from contracts.speech import Speaker, emit
from kit import audit
from kit.app import Job
from kit.chain import Head
from kit.db import Session

HOUR = timedelta(hours=1)


def sealed_type(service: str) -> str:
    """The type of the event that tells of a head."""
    return f"{service}.audit.sealed.v1"


def subject_of(node: str, service: str) -> UUID:
    """What those events are about: the audit of this service at this node."""
    return uuid5(NAMESPACE_URL, f"urn:xinqiao:audit:{node}:{service}")


async def seal(speaker: Speaker, session: Session, every: timedelta = timedelta(0)) -> Head | None:
    """Seal the audit and tell of it, if it has moved and the last seal is not younger than `every`."""
    head = await audit.seal(session, speaker.clock.now(), every)
    if head is not None:
        data = AuditHead(position=head.position, hash=head.hash.hex(), at=head.at)
        subject = subject_of(speaker.node, speaker.service)
        emit(speaker, session, sealed_type(speaker.service), data, subject=subject, sequence=head.position)
    return head


async def _hourly(speaker: Speaker, session: Session) -> None:
    await seal(speaker, session, HOUR)


# looks more often than it seals: a process that is started anew would otherwise begin its hour again
SEALING = Job("seal-audit", timedelta(minutes=5), _hourly)
