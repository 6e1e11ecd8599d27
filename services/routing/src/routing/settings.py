"""What an operator may set for routing, in [services.routing] of the node file."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from routing.requests.rules import Policy


class Settings(BaseModel):
    """Numbers of policy (domain rules §2): the law is silent on them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exclude_first_day: bool = Field(default=True, description="the day it begins does not count (民法典 201)")
    roll_to_next_working_day: bool = Field(default=True, description="a limit never ends on a holiday (民法典 203)")
    calendar_overrides: Path | None = Field(default=None, description="CSV: date, working|holiday, name")
    objections: int = Field(
        default=2, ge=1, description="after how many of them the common superior decides whose it is"
    )
    requests: Policy = Policy()
    default_unit: str | None = Field(
        default=None, description="takes orders that nobody claimed in time; else the node's office"
    )
