"""What an operator may set for call-backs, in [services.notify.callbacks] of the node file."""

from pydantic import BaseModel, ConfigDict, Field


class Callbacks(BaseModel):
    """percent: of the cases of each unit that ended in a period, and at least one of each; 0: nobody is asked, until an
    operator says so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: int = Field(default=7, ge=1, le=366, description="length of a period")
    percent: float = Field(default=0, ge=0, le=100)
    answer_days: int = Field(default=7, ge=1, le=60, description="how long an answer is waited for")
