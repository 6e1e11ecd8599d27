"""What an operator may set for notices to staff, in [services.notify.staff] of the node file and its parts."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Mail(Part):
    """The office's mail server. password_file: holds the password alone; ca_file: of an authority of its own."""

    host: str = Field(min_length=1, max_length=253)
    port: int = Field(default=587, ge=1, le=65_535)
    tls: Literal["none", "starttls", "implicit"] = "starttls"
    account: str | None = Field(default=None, max_length=200)
    password_file: Path | None = None
    ca_file: Path | None = None
    sender: str = Field(pattern=r"^[^\s@<>]{1,64}@[^\s@<>]{1,190}$", description="who the mail is from")
    seconds: float = Field(default=20, gt=0, description="until an answer must be there")


class Webhooks(Part):
    """hosts: where they may go, by name; `.domain` for all names below one; none: there are no webhooks."""

    hosts: tuple[str, ...] = ()
    private: bool = Field(default=False, description="also to addresses of the office's own network, and without TLS")
    ca_file: Path | None = Field(default=None, description="of an authority of the office's own")
    seconds: float = Field(default=10, gt=0)


class Staff(Part):
    mail: Mail | None = None
    webhooks: Webhooks = Webhooks()
    keep_days: int = Field(default=184, ge=1, description="how long items stay in the inbox")
    gather_seconds: float = Field(default=60, ge=0, description="items of a kind within this time are one message")
    give_up_hours: float = Field(default=24, gt=0, description="how long a message is tried")
    away_days: int = Field(default=30, ge=1, description="who was not here for so long is sent nothing any more")
    code_minutes: int = Field(default=15, ge=1, description="how long a code that confirms an address is good")
    codes_an_hour: int = Field(default=5, ge=1)
    lease_seconds: float = Field(default=120, gt=0, description="after this what another process sends is taken over")

    @property
    def give_up(self) -> timedelta:
        return timedelta(hours=self.give_up_hours)
