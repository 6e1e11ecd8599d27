"""What stands in a link: which one it is and when it ends, signed (RFC 7519); no more, as addresses end up in logs."""

from datetime import datetime
from uuid import UUID

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OctKey

from kit.crypto import Keyring
from kit.errors import Refused

SIGN = "HS256"
KEY, LETTERS = "documents/links", 51  # of the key ring: five bits a letter, 255 in all


def _key(ring: Keyring) -> OctKey:
    return OctKey.import_key(ring.code_for(KEY, LETTERS))


def token_of(ring: Keyring, link_id: UUID, expires_at: datetime) -> str:
    return jwt.encode({"alg": SIGN}, {"jti": link_id.hex, "exp": int(expires_at.timestamp())}, _key(ring))


def link_of(ring: Keyring, token: str, now: datetime) -> UUID:
    """The link a token was made for. Raises Refused: "link-ended"; "not-found" for what we have not signed."""
    registry = jwt.JWTClaimsRegistry(now=int(now.timestamp()), exp={"essential": True}, jti={"essential": True})
    try:
        claims = jwt.decode(token, _key(ring), algorithms=[SIGN]).claims
        registry.validate(claims)
        return UUID(hex=claims["jti"])
    except ExpiredTokenError as error:
        raise Refused("link-ended") from error
    except (JoseError, ValueError, TypeError, AttributeError) as error:
        raise Refused("not-found") from error
