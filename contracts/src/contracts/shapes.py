"""What payloads of events and letters share: codes, paths, the action that was taken last."""

from datetime import datetime

from pydantic import Field

from contracts.envelope import EventData

Path = Field(pattern=r"^\d{2}(\.\d{2}){0,2}(\.\d{3}){0,2}$", description="dotted region or node path")
Code = Field(min_length=1, max_length=64)


class LastAction(EventData):
    """The action that made this version. A free-text note travels in letters only."""

    action: str = Field(max_length=32)
    unit: str = Code
    at: datetime
    reason: str | None = Field(default=None, max_length=64, description="open vocabulary of reason codes")
