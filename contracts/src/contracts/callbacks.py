"""What is told of a spot-check call-back (抽查回访): codes and dates, never whom or in which words."""

from datetime import datetime

from pydantic import Field

from contracts.envelope import EventData
from contracts.shapes import Code, Path


class CallbackState(EventData):
    """Somebody whose case had ended was asked how it was, and answered, or did not in time."""

    number: str = Code
    unit: str = Field(min_length=1, max_length=64, description="whose opinion it is, which is rated")
    region: str = Path
    ended_at: datetime
    asked_at: datetime
    answer: str | None = Field(
        default=None, max_length=32, description="open vocabulary: satisfied, fairly, not; null: unanswered"
    )
    at: datetime = Field(description="when it was answered, or the time for that was over")
