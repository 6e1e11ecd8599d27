"""What an operator may set for notify, in [services.notify] of the node file."""

from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from notify.callbacks.settings import Callbacks
from notify.gateways.settings import Console, GatewaySettings
from notify.inbound.settings import TextSettings
from notify.outbound.domain import Policy
from notify.outbound.settings import Outbound
from notify.staff.settings import Staff

SPARED = 0.1  # of a lease


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    gateways: tuple[GatewaySettings, ...] = Field(default=(Console(name="console"),), min_length=1, max_length=20)
    language: Literal["zh", "en"] = "zh"
    folder: Path = Field(default=Path(), description="of what must outlive a process: spool, and what it had begun")
    link: str | None = Field(default=None, description="where petitioners look up; the node's public_url by default")
    give_up_hours: float = Field(default=72, gt=0, description="how long a message is tried")
    lease_seconds: float = Field(
        default=180, gt=0, description="after this time what another process was sending is taken over"
    )
    staff: Staff = Staff()
    callbacks: Callbacks = Callbacks()
    texts: TextSettings = TextSettings()
    batch: int = Field(default=250, ge=1, le=1000, description="messages claimed at once")
    outbound: Outbound = Outbound()

    @cached_property
    def policy(self) -> Policy:
        """By which it is judged whether a message leaves now."""
        out = self.outbound
        hours = (out.answer_hours, self.give_up_hours, out.mass_hours)
        answer, notice, mass = (timedelta(hours=each) for each in hours)
        return Policy(
            quiet=out.quiet,
            statutory_ignores_quiet=out.statutory_ignores_quiet,
            statutory_ignores_opt_out=out.statutory_ignores_opt_out,
            to_a_number=out.to_a_number,
            number_time=out.number_time,
            expiry=(answer, notice, mass),
        )

    @model_validator(mode="after")
    def _lease_outlasts_answers(self) -> Self:
        longest = max(getattr(each, "seconds", 0.0) for each in self.gateways)
        if self.begin_within(longest) < longest:
            raise ValueError("lease_seconds: nine tenths of it are at least twice the longest `seconds` of a gateway")
        return self

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)

    def begin_within(self, seconds: float) -> float:
        """Seconds from the beginning of a lease in which messages are handed over: then an answer that takes `seconds`
        is written down before it ends, also where clocks differ a little.
        """
        return self.lease_seconds * (1 - SPARED) - seconds
