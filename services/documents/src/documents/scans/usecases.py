"""What can be done about malware: look for it, and keep in what has it."""

from contextlib import aclosing
from datetime import timedelta

from documents import resources
from documents.metrics import SCANNED
from documents.scans import store
from documents.scans.clamd import Clamd, ClamdAway, Unscannable
from documents.storage import store as objects
from documents.storage.objects import Absent
from kit import audit
from kit.crypto import Undecipherable
from kit.logs import log
from kit.runtime import Runtime
from kit.workers import Worker

HOLD = timedelta(minutes=15)  # after which an object is taken again whose process has died over it
SOON, LATER = timedelta(seconds=30), timedelta(hours=1)


async def step(runtime: Runtime) -> int:
    """Scan the object that has waited longest; 0 when there is none, or nobody to scan it."""
    settings = resources.of(runtime).settings
    if settings.clamd is None:
        return 0
    async with runtime.database.transaction() as session:
        taken = await store.take(session, runtime.clock.now(), HOLD)
    if taken is None:
        return 0
    try:
        threat = await _scan(runtime, Clamd(settings.clamd, settings.clamd_seconds), taken)
    except (ClamdAway, Unscannable, Absent, Undecipherable) as error:
        away = isinstance(error, ClamdAway)
        await _put_back(runtime, taken.name, error, SOON if away else LATER)
        return 0 if away else 1
    await _note(runtime, taken.name, threat)
    return 1


async def _scan(runtime: Runtime, clamd: Clamd, taken: store.Taken) -> str | None:
    vault = resources.of(runtime).vault
    async with aclosing(vault.read(taken.name, taken.sha256, inspected=True)) as content:
        return await clamd.scan(content)


async def _put_back(runtime: Runtime, name: str, error: Exception, wait: timedelta) -> None:
    """It stays unscanned. What the scrub has to say of it, the scrub says."""
    said = str(error) if isinstance(error, Unscannable) else type(error).__name__
    log.warning("scan.failed", object=name, reason=said)
    SCANNED.labels("away" if isinstance(error, ClamdAway) else "failed").inc()
    async with runtime.database.transaction() as session:
        await store.put_back(session, name, runtime.clock.now() + wait)


async def _note(runtime: Runtime, name: str, threat: str | None) -> None:
    at = runtime.clock.now()
    async with runtime.database.transaction() as session:
        await store.note(session, name, threat, at)
        found = await store.files_of(session, name) if threat else ()
        for file_id, petition_id in found:
            detail = {"file": str(file_id), "threat": threat}
            audit.note(session, "find-malware", subject=petition_id, at=at, detail=detail)
    SCANNED.labels("infected" if threat else "clean").inc()
    if threat:
        log.error("object.infected", object=name, threat=threat, files=[str(file_id) for file_id, _ in found])


SCANNER = Worker("scans", objects.CHANNEL, step)
