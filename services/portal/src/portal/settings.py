"""What an operator may set for the portal, in [services.portal] of the node file."""

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    idle_minutes: int = Field(default=20, ge=1, le=480, description="a session unused for so long has ended")
    session_hours: int = Field(default=10, ge=1, le=24, description="the longest a session lasts, however busy")
    confirm_minutes: int = Field(
        default=5, ge=0, le=60, description="how long a password given again holds for what asks for it; 0: each time"
    )
    failed_sign_ins: int = Field(default=5, ge=1, description="wrong passwords for one account before it must wait")
    failed_minutes: int = Field(default=15, ge=1, description="how long a wrong password counts")
    sign_ins_per_minute: int = Field(default=300, ge=1, description="tries a process takes, all accounts together")
    upload_megabytes: int = Field(default=50, ge=1, le=1000, description="largest file the case page passes on")
    api_url: str | None = Field(
        default=None, description="where pages call the services' APIs; the node's public_url by default"
    )
    text_number: str | None = Field(
        default=None, pattern=r"\d{3,21}", description="the office's number for text messages, shown to petitioners"
    )
    call_seconds: float = Field(default=10, gt=0, description="how long a page waits for a service")
    paper_seconds: float = Field(default=5, gt=0, description="until a paper just filed is known where it is approved")
    rows_a_page: int = Field(default=20, ge=1, le=100, description="lines of the ledger on one page")
    rows_to_do: int = Field(default=50, ge=1, le=200, description="cases on the to-do page")
