"""What an operator may set for routing, in [services.routing] of the node file."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from routing.requests.rules import LONGEST, Policy
from routing.table import MOST_HOPS


class Settings(BaseModel):
    """Numbers of policy (domain rules §2): the law is silent on them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exclude_first_day: bool = Field(default=True, description="the day it begins does not count (民法典 201)")
    roll_to_next_working_day: bool = Field(default=True, description="a limit never ends on a holiday (民法典 203)")
    calendar_overrides: Path | None = Field(default=None, description="CSV: date, working|holiday, name")
    objections: int = Field(
        default=2, ge=1, description="after how many of them the common superior decides whose it is"
    )
    hops: int = Field(
        default=MOST_HOPS, ge=1, le=80, description="how often a case may be handed on, so that it does not go round"
    )
    longest_days: int = Field(
        default=LONGEST.days, ge=1, le=36_500, description="a deadline set further away is a slip of the pen"
    )
    unclaimed_report_days: int = Field(
        default=15, ge=1, description="for the result of an order that was assigned because nobody claimed it"
    )
    delegation_days: int = Field(default=92, ge=1, description="a leader is absent for a quarter of a year at most")
    returns_per_month: int = Field(
        default=15, ge=1, description="returns for revision of one unit in a month that raise an alarm"
    )
    exports: int = Field(default=2, ge=1, le=4, description="at the same time, of one process; others wait")
    export_seconds: float = Field(default=300, gt=0, description="until an export that is not taken is broken off")
    requests: Policy = Policy()
    definitions: Path | None = Field(
        default=None, description="directory of the office's own procedures, read at start"
    )
    default_unit: str | None = Field(
        default=None, description="takes orders that nobody claimed in time; else the node's office"
    )
