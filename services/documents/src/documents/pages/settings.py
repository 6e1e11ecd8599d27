"""What an operator may set for pages, in [services.documents.pages] of the node file."""

from pydantic import BaseModel, ConfigDict, Field


class PagesSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    most_files: int = Field(default=200, ge=1, le=500, description="files of a bundle")
    most_pages: int = Field(default=600, ge=1, le=2000, description="pages of a file and of a bundle")
    most_bytes: int = Field(default=500 * 1024 * 1024, ge=1, description="of an assembled PDF, and of any one step")
    most_pixels: int = Field(default=120_000_000, ge=1, description="of a picture; more is taken for a bomb")
    dots_per_inch: int = Field(default=300, ge=72, le=600, description="a picture is scaled down to that on A4")
    at_once: int = Field(default=2, ge=1, le=32, description="subprocesses of one process at a time")
    page_seconds: int = Field(default=60, ge=1, description="for preparing a page, and for reading it")
    file_seconds: int = Field(default=180, ge=1, description="for looking at a file, converting it, assembling")
    memory_mb: int = Field(default=2048, ge=256, description="address space of a subprocess")
    languages: str = Field(default="chi_sim", pattern=r"^[a-z_]+(\+[a-z_]+)*$", description="of tesseract")
