"""What an operator may set for intake, in [services.intake] of the node file."""

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    failed_lookups_per_hour: int = Field(default=10, ge=1, description="wrong query codes for one number")
    public_petitions_per_minute: int = Field(
        default=600, ge=1, description="from the public page, all callers together"
    )
