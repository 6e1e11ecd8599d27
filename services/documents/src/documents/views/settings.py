"""What an operator may set for viewing copies, in [services.documents.views] of the node file."""

from pydantic import BaseModel, ConfigDict, Field


class ViewSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    at_once: int = Field(default=4, ge=1, le=64, description="copies a process makes and gives out at once; more wait")
    wait_seconds: float = Field(default=20, gt=0, description="how long one waits for its turn, then 429")
    seconds: int = Field(default=60, ge=1, le=600, description="for making one, of the processor and on the clock")
    give_seconds: float = Field(default=600, gt=0, description="for giving one out: who reads slower is cut off")
    most_bytes: int = Field(default=100 * 1024 * 1024, ge=1, description="larger ones are only given out as they are")
    most_pages: int = Field(default=1000, ge=1, le=5000)
    most_pixels: int = Field(default=120_000_000, ge=1, description="of a picture")
    memory_mb: int = Field(default=1024, ge=256, description="address space of the process that makes one")
