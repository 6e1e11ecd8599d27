"""Shapes of the portal's requests and answers."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kit.texts import Line
from portal.domain import MAX_PASSWORD


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("not valid Unicode (不是有效的字符)") from error
    return text


class TokenIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    username: Annotated[Line, Field(max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=MAX_PASSWORD, repr=False), AfterValidator(_encodable)]


class TokenOut(BaseModel):
    """expires_in: seconds."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the scheme's name (RFC 6750)
    expires_in: int


class Jwks(BaseModel):
    """A set of public keys (RFC 7517)."""

    keys: list[dict[str, Any]]
