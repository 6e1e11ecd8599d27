"""What an operator may set for seals, in [services.documents.seals] of the node file."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class TokenSettings(BaseModel):
    """A PKCS#11 token that holds the keys of seals: [services.documents.seals.token]."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    module: Path = Field(description="the vendor's PKCS#11 library")
    label: str = Field(description="of the token")
    pin: SecretStr


class SealSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    series: dict[str, str] = Field(
        default={},
        description="kind of paper to the word of a number series of its own, after that of the unit: opinion = 复",
    )
    retain_years: int = Field(default=30, ge=1, le=100, description="how long the store locks a sealed paper")
    roots: Path | None = Field(
        default=None, description="PEM file of the authorities whose seals count; by default that of `seals init`"
    )
    token: TokenSettings | None = None
    timestamp_url: str | None = Field(
        default=None, pattern=r"^https?://", description="a time stamp authority (RFC 3161): signatures become B-T"
    )
    seal_seconds: float = Field(default=120, gt=0, description="after which a try counts as dead and begins again")
    verifications_per_minute: int = Field(default=600, ge=1, description="looks at the public page a process takes")
