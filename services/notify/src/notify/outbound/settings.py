"""What an operator may set for what goes out, in [services.notify.outbound] of the node file."""

from datetime import time, timedelta
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from notify.outbound.domain import Quiet

# what must be told in writing (Art 22, 23, 31, 32, 34-36); the message only announces it
STATUTORY = frozenset({
    "accepted", "declined", "not-accepted-again", "answered", "guided", "exported", "extended", "opinion-served",
    "review-opinion-served", "re-review-opinion-served",
})  # fmt: skip


class Outbound(BaseModel):
    """quiet_from, quiet_until: hours in China in which nobody is disturbed but who has just written himself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    quiet_from: time | None = None
    quiet_until: time | None = None
    statutory: frozenset[str] = Field(default=STATUTORY, description="templates of statutory notices")
    statutory_ignores_quiet: bool = False
    statutory_ignores_opt_out: bool = False
    to_a_number: int = Field(default=20, ge=1, le=10_000, description="notices to one number in number_hours")
    number_hours: float = Field(default=1, gt=0)
    rate: float | None = Field(default=None, gt=0, description="parts a second of all gateways together")
    answer_hours: float = Field(default=24, gt=0, description="how long an answer to a text is worth sending")
    mass_hours: float = Field(default=48, gt=0, description="how long a mass notice is")
    ask_seconds: float = Field(default=600, gt=0, description="until a gateway is asked what became of a message")
    doubt_seconds: float = Field(default=60, gt=0, description="the same, of one that left without an answer")
    fate_hours: float = Field(default=72, gt=0, description="how long the fate of what was sent is awaited")
    doubt_hours: float = Field(default=72, gt=0, description="after that, what is in doubt counts as expired")
    keep_days: int = Field(default=400, ge=184, description="how long records are kept (网络安全法: six months)")
    keep_text_days: int = Field(default=184, ge=1, description="how long their texts are")
    templates_file: Path | None = Field(default=None, description="texts of this node, by unit, over the shipped ones")

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.quiet_from is None) is not (self.quiet_until is None):
            raise ValueError("quiet hours have a beginning and an end")
        if self.keep_text_days > self.keep_days:
            raise ValueError("a text is not kept longer than its record")
        return self

    @property
    def quiet(self) -> Quiet | None:
        if self.quiet_from is None or self.quiet_until is None:
            return None
        return Quiet(self.quiet_from, self.quiet_until)

    @property
    def number_time(self) -> timedelta:
        return timedelta(hours=self.number_hours)
