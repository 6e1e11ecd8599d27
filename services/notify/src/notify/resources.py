"""What notify holds while it runs, beside its database."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property

from contracts.units import UnitDirectory
from kit.runtime import Runtime
from notify.gateways.interface import Gateway
from notify.gateways.opening import opened
from notify.inbound.keeping import Keeper
from notify.outbound.domain import Lane
from notify.outbound.journal import Journal
from notify.outbound.outlets import Outlets
from notify.outbound.sender import Sender
from notify.settings import Settings
from notify.words import reading
from notify.words.domain import Words


@dataclass
class Resources:
    """office: name that signs every message; link: where petitioners look up."""

    settings: Settings
    words: Words
    gateways: Mapping[str, Gateway]
    office: str
    link: str
    units: UnitDirectory
    keeper: Keeper  # of what telephones send
    journal: Journal  # of what is handed over
    outlets: Outlets = field(init=False)
    sender: Sender = field(init=False)  # of answers and notices
    mass_sender: Sender = field(init=False)

    def __post_init__(self) -> None:
        self.outlets = Outlets(self.settings.gateways, self.settings.batch)
        self.sender = Sender((Lane.ANSWER, Lane.NOTICE), self)
        self.mass_sender = Sender((Lane.MASS,), self)

    @cached_property
    def with_query_code(self) -> frozenset[str]:
        """Templates of texts that nobody may read again: who holds such a code is taken for the petitioner."""
        return frozenset(text.name for text in self.words.texts.values() if "query_code" in text.fields)


@asynccontextmanager
async def open_resources(runtime: Runtime) -> AsyncIterator[Resources]:
    node = runtime.settings.node
    settings = Settings.model_validate(runtime.settings.services.get("notify", {}))
    units = UnitDirectory.read(runtime.settings.resolve(node.units_file))
    folder = runtime.settings.resolve(settings.folder)
    own = settings.outbound.templates_file
    held = Resources(
        journal=Journal(folder / "handovers"),
        settings=settings,
        words=reading.read(own and runtime.settings.resolve(own)),
        gateways={each.name: opened(runtime, each) for each in settings.gateways},
        office=units.units[node.office_unit].name,
        link=settings.link or node.public_url,
        units=units,
        keeper=Keeper(runtime, settings.texts, folder),
    )
    try:
        yield held
    finally:
        await held.keeper.close()
        await held.sender.close()
        await held.mass_sender.close()
        held.journal.close()


def of(runtime: Runtime) -> Resources:
    resources: Resources = runtime.resources
    return resources
