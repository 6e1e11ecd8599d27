"""What the portal holds while it runs, beside its database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from contracts.units import UnitDirectory
from kit.limits import Allowance
from kit.runtime import Runtime
from portal.bell import Bells
from portal.calls import Calls
from portal.issuing import Issuer
from portal.passwords import Passwords
from portal.settings import Settings


@dataclass
class Resources:
    """issuer: None where an external identity provider signs people in."""

    settings: Settings
    units: UnitDirectory
    issuer: Issuer | None
    passwords: Passwords
    sign_ins: Allowance
    calls: Calls
    bells: Bells = field(default_factory=Bells)


@asynccontextmanager
async def open_resources(runtime: Runtime) -> AsyncIterator[Resources]:
    settings = Settings.model_validate(runtime.settings.services.get("portal", {}))
    auth = runtime.settings.auth
    passwords = Passwords()
    async with httpx.AsyncClient(
        base_url=settings.api_url or runtime.settings.node.public_url,
        timeout=httpx.Timeout(settings.call_seconds, connect=3),
        # a little shorter than servers keep a connection, so that none is used while it is being closed
        limits=httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=3),
        trust_env=False,
    ) as client:
        try:
            yield Resources(
                settings=settings,
                units=UnitDirectory.read(runtime.settings.resolve(runtime.settings.node.units_file)),
                issuer=None if auth.jwks_url else Issuer.load(auth, runtime.settings.keys),
                passwords=passwords,
                sign_ins=Allowance(settings.sign_ins_per_minute),
                calls=Calls(client),
            )
        finally:
            passwords.close()


def of(runtime: Runtime) -> Resources:
    resources: Resources = runtime.resources
    return resources
