"""What an operator may set for documents, in [services.documents] of the node file."""

from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from documents.exchange.settings import ExchangeSettings
from documents.files.kinds import FAMILIES, Family
from documents.identity.settings import IdentitySettings
from documents.moving.domain import PART
from documents.pages.settings import PagesSettings
from documents.publishing.settings import PublishingSettings
from documents.seals.settings import SealSettings
from documents.views.settings import ViewSettings


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    max_file_bytes: int = Field(default=100 * 1024 * 1024, ge=1, description="largest file that is taken")
    uploads_open: int = Field(default=500, ge=1, description="unfinished uploads a unit may have")
    upload_hours: float = Field(default=72, gt=0, description="an upload without progress is forgotten after so long")
    uploads_at_once: int = Field(default=32, ge=1, description="a process refuses more with 429")
    silence_seconds: float = Field(default=60, gt=0, description="an upload that sends nothing for so long is given up")
    threads: int = Field(default=8, ge=1, le=64, description="for disk, S3 and encryption")
    kinds: frozenset[Family] = Field(default=frozenset(FAMILIES), min_length=1, description="families of files taken")
    moving_window: int = Field(
        default=8 * PART, ge=PART, description="bytes asked of another node that may be under way at once"
    )
    ask_again_hours: float = Field(default=6, gt=0, description="what did not come is then asked for again")
    clamd: str | None = Field(
        default=None,
        pattern=r"^(unix:/.+|[^:]+:\d{1,5})$",
        description="host:port or unix:/path of the malware scanner",
    )
    clamd_seconds: float = Field(default=300, gt=0, description="how long it may look at one file")
    open_unscanned: bool | None = Field(
        default=None, description="whether a file may be opened before it was scanned; by default only without clamd"
    )
    scrub_days: float = Field(
        default=30, gt=0, description="everything kept is read again and verified in so many days"
    )
    scrub_bytes_per_second: float = Field(default=8_000_000, gt=0, description="how fast a process does so")
    collect_uncommitted: bool = Field(
        default=False, description="whether the scrub removes objects that no row names; else it only counts them"
    )
    collect_after_hours: float = Field(default=72, ge=24, description="younger ones may still be committed")
    sm3: bool = Field(default=False, description="whether files also get a digest by SM3 (GB/T 32905)")
    identity: IdentitySettings = IdentitySettings()
    pages: PagesSettings = PagesSettings()
    views: ViewSettings = ViewSettings()
    link_minutes: float = Field(default=5, gt=0, le=60, description="how long a link to a file or a paper holds")
    seals: SealSettings = SealSettings()
    publishing: PublishingSettings = PublishingSettings()
    exchange: ExchangeSettings = ExchangeSettings()
    renderers: int = Field(default=2, ge=1, le=16, description="processes that lay papers out")
    templates: Path | None = Field(default=None, description="directory of the office's own versions of templates")
    checklists: Path | None = Field(default=None, description="directory of the office's own checklists of review")

    @property
    def collectable_after(self) -> timedelta:
        return timedelta(hours=self.collect_after_hours)

    @property
    def opens_unscanned(self) -> bool:
        """Whether a file may be opened before it was scanned."""
        return self.clamd is None if self.open_unscanned is None else self.open_unscanned
