"""What notify holds while it runs, beside its database."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property

from contracts.units import UnitDirectory
from kit.runtime import Runtime
from notify.gateways.interface import Gateway
from notify.gateways.opening import opened
from notify.inbound import answers
from notify.inbound.answers import Book
from notify.inbound.keeping import Keeper
from notify.notices.wording import Wordings
from notify.outbound import templates
from notify.outbound.domain import Lane
from notify.outbound.journal import Journal
from notify.outbound.outlets import Outlets
from notify.outbound.sender import Sender
from notify.settings import Settings


@dataclass
class Resources:
    """office: name that signs every message; link: where petitioners look up."""

    settings: Settings
    templates: templates.Templates
    wordings: Wordings
    gateways: Mapping[str, Gateway]
    office: str
    link: str
    units: UnitDirectory
    book: Book  # of answers to texts
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
        texts = {each.name: each.text for each in self.templates.values()}
        texts |= {each.name: each.text for each in self.book.answers.values()}
        return frozenset(name for name, text in texts.items() if "{query_code}" in text)


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
        templates=templates.read(own=own and runtime.settings.resolve(own)),
        wordings=Wordings.read(),
        gateways={each.name: opened(runtime, each) for each in settings.gateways},
        office=units.units[node.office_unit].name,
        link=settings.link or node.public_url,
        units=units,
        book=answers.read()[settings.language],
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
