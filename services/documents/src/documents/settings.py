"""What an operator may set for documents, in [services.documents] of the node file."""

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    max_file_bytes: int = Field(default=100 * 1024 * 1024, ge=1, description="largest file that is taken")
    uploads_at_once: int = Field(default=32, ge=1, description="a process refuses more with 429")
    silence_seconds: float = Field(default=60, gt=0, description="an upload that sends nothing for so long is given up")
    threads: int = Field(default=8, ge=1, le=64, description="for disk, S3 and encryption")
