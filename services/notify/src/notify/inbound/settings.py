"""What an operator may set for texts that come in, in [services.notify.texts] of the node file."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from notify.inbound.facts import Policy


class TextSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    duplicate_minutes: float = Field(default=2, ge=0, description="the same text of the same phone is one so long")
    query_seconds: float = Field(default=5, ge=0, description="the same, of questions and wishes (CX, HELP, TD)")
    petition_hours: float = Field(default=24, ge=0, le=168, description="the same text raises one petition so long")
    parts_minutes: float = Field(default=10, gt=0, le=1440, description="how long the parts of a message are awaited")
    dialogue_hours: float = Field(default=24, gt=0, description="how long what was told is remembered")
    answer_minutes: float = Field(default=3, gt=0, description="by then a text is answered, or there is an alarm")
    desk_minutes: float = Field(default=60, gt=0, description="by then a person has looked after what waits for one")
    per_hour: int = Field(default=20, ge=1, le=10_000, description="texts of one phone that are acted on")
    per_day: int = Field(default=60, ge=1, le=10_000)
    block_after: int = Field(default=100, ge=1, le=10_000, description="texts beyond these, in a day, block the phone")
    block_hours: float = Field(default=24, gt=0)
    block_alone_hours: int = Field(default=24, ge=1, description="for how long a clerk may block without a leader")
    block_most_hours: int = Field(default=720, ge=1, le=8760, description="for how long anybody may")
    spool_megabytes: int = Field(default=256, ge=1, description="of texts that wait for the database, of each process")
    batch: int = Field(default=200, ge=1, le=2000, description="texts handled in one transaction")

    @property
    def answer_within(self) -> timedelta:
        return timedelta(minutes=self.answer_minutes)

    @property
    def desk_within(self) -> timedelta:
        return timedelta(minutes=self.desk_minutes)

    @property
    def parts_within(self) -> timedelta:
        return timedelta(minutes=self.parts_minutes)

    @property
    def policy(self) -> Policy:
        """By which it is decided what becomes of a text."""
        return Policy(
            duplicate=timedelta(minutes=self.duplicate_minutes),
            dialogue=timedelta(hours=self.dialogue_hours),
            per_hour=self.per_hour,
            per_day=self.per_day,
            block_after=self.block_after,
            block_for=timedelta(hours=self.block_hours),
            query=timedelta(seconds=self.query_seconds),
            petition=timedelta(hours=self.petition_hours),
        )
