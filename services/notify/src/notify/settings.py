"""What an operator may set for notify, in [services.notify] of the node file."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from notify.gateways.settings import Console, GatewaySettings


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    gateways: tuple[GatewaySettings, ...] = Field(default=(Console(name="console"),), min_length=1, max_length=20)
    language: Literal["zh", "en"] = "zh"
    link: str | None = Field(default=None, description="where petitioners look up; the node's public_url by default")
    give_up_hours: float = Field(default=72, gt=0, description="how long a message is tried")
    lease_seconds: float = Field(
        default=60, gt=0, description="after this time what another process was sending is taken over"
    )
    batch: int = Field(default=50, ge=1, le=1000, description="messages claimed at once")

    @property
    def give_up(self) -> timedelta:
        return timedelta(hours=self.give_up_hours)

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)
