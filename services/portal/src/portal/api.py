"""HTTP face of the portal for programs: tokens and the keys to verify them."""

from fastapi import APIRouter, Request, Response

from kit.auth import public
from kit.idempotency import IdempotentRoute, Keyed
from portal import usecases
from portal.models import Jwks, TokenIn, TokenOut
from portal.visits import runtime_of

router = APIRouter(route_class=IdempotentRoute, dependencies=[public()], tags=["portal"])


@router.post("/api/portal/v1/tokens", dependencies=[Keyed])
async def issue_token(request: Request, response: Response, body: TokenIn) -> TokenOut:
    """Sign in as a program does: a bearer token for a user name and password.

    The key is asked for as with every POST, but no answer is remembered under it: a token is a credential, and one
    that is kept for days could be fetched again after the account was disabled. Asking twice changes nothing.
    """
    runtime = runtime_of(request)
    issuer = usecases.built_in(runtime)
    account = await usecases.authenticate(runtime, body.username, body.password)
    response.headers["Cache-Control"] = "no-store"
    token = issuer.token(account, runtime.wall.now(), issuer.lifetime)
    return TokenOut(access_token=token, expires_in=int(issuer.lifetime.total_seconds()))


@router.get("/.well-known/jwks.json")
async def jwks(request: Request, response: Response) -> Jwks:
    """The public keys that verify this node's tokens."""
    issuer = usecases.built_in(runtime_of(request))
    response.headers["Cache-Control"] = "public, max-age=300"
    return Jwks(keys=issuer.public["keys"])
