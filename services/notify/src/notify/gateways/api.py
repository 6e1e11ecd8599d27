"""Where vendors bring receipts and texts: signed requests, answered with 2xx once everything in them is kept."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from kit import inbox
from kit.auth import Policy
from kit.errors import Refused
from kit.idempotency import IdempotentRoute, Keyed
from kit.runtime import Runtime
from notify import resources
from notify.gateways import (
    metrics,
    refusals,  # noqa: F401 - fills the refusal catalogue
)
from notify.gateways.http import HttpGateway
from notify.gateways.interface import Incoming, Receipt
from notify.gateways.models import Kept, ReceiptsIn, TextsIn
from notify.gateways.signing import Forged
from notify.inbound.keeping import keep
from notify.taking import taking_of


class SignedByVendor(Policy):
    """The rule of these routes: only who knows the secret of the gateway, soon after signing, and once."""

    def __str__(self) -> str:
        return "signed by the gateway's vendor"

    async def __call__(self, request: Request, name: Annotated[str, Path(max_length=31)]) -> None:
        runtime: Runtime = request.app.state.runtime
        gateway = resources.of(runtime).gateways.get(name)
        if not isinstance(gateway, HttpGateway):
            raise Refused("not-found")
        body, path = await request.body(), request.scope["path"]
        try:
            nonce = gateway.signer.check(request.method, path, body, request.headers, runtime.wall.now())
        except Forged as error:
            raise Refused("signature-refused", header=error.reason) from error
        async with runtime.database.transaction() as session:
            if not await inbox.admit(session, f"gateway.{name}", [nonce]):
                raise Refused("request-repeated")


router = APIRouter(
    prefix="/api/notify/v1/gateways/{name}",
    tags=["gateways"],
    route_class=IdempotentRoute,
    dependencies=[Depends(SignedByVendor()), Keyed],
)


@router.post("/receipts")
async def take_receipts(request: Request, name: str, body: ReceiptsIn) -> Kept:
    """What became of messages. Brought again, by whatever key, they have no second effect."""
    runtime: Runtime = request.app.state.runtime
    taking = taking_of(runtime)
    came = [Receipt(each.id, each.state, each.at, each.reason, each.to) for each in body.items]
    await asyncio.gather(*(taking.receipt(name, receipt) for receipt in came))
    metrics.BROUGHT.labels(name, "receipt").inc(len(came))
    return Kept(kept=len(came))


@router.post("/incoming")
async def take_texts(request: Request, name: str, body: TextsIn) -> Kept:
    """What telephones have sent. Brought again, by whatever key, it has no second effect.

    Never to disk: processes that only answer requests drain none, and the vendor still has what we refuse.
    """
    runtime: Runtime = request.app.state.runtime
    came = [Incoming(each.id, each.to, each.at, each.phone, each.text) for each in body.items]
    await asyncio.gather(*(keep(runtime, name, text, spools=False) for text in came))
    metrics.BROUGHT.labels(name, "text").inc(len(came))
    return Kept(kept=len(came))
