"""What an operator may set for publishing, in [services.documents.publishing] of the node file."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class PublishingSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    policy: Path | None = Field(default=None, description="the office's own policy.yaml: reviews and sensitive topics")
    views_per_minute: int = Field(default=1200, ge=1, description="looks at public texts a process takes")
    cache_seconds: int = Field(default=60, ge=0, le=3600, description="how long others may keep what was public")
