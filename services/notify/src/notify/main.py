"""The service as data: everything the composition root needs to know of notify."""

from pathlib import Path

from kit.app import Service
from kit.sealing import Sealed
from notify.api import router
from notify.consumers import CONSUMERS
from notify.outbound.outgoing import text_binding
from notify.outbound.sending import SENDER
from notify.outbound.tables import messages
from notify.phones import number_binding
from notify.resources import open_resources
from notify.tables import metadata, phones

service = Service(
    name="notify",
    title="Messages to petitioners (告知): who was told",
    routers=(router,),
    metadata=metadata,
    migrations=Path(__file__).parents[2] / "migrations" / "versions",
    consumers=CONSUMERS,
    resources=open_resources,
    workers=(SENDER,),
    sealed=(
        Sealed(phones, ("number",), number_binding),
        Sealed(messages, ("text",), text_binding),
    ),
)
