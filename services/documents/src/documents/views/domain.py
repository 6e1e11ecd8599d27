"""What stands in the mark on a viewing copy. Standard library only."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
LONGEST = 40  # letters of a line
COPY = "查阅副本 无签章效力"
# why something has no viewing copy, as people are told
REASONS: Mapping[str, tuple[str, str]] = {
    "encrypted": ("文件已加密", "it is encrypted"),
    "damaged": ("文件已损坏", "it is damaged"),
    "too-large": ("文件过大", "it is too large"),
    "too-many-pages": ("页数过多", "it has too many pages"),
    "no-pages": ("不是 PDF 或图片", "it is no PDF and no picture"),
    "no-font": ("服务器未安装中文字体", "the server has no Chinese font"),
}
PDF = "application/pdf"
PICTURES = {"image/jpeg": ("JPEG", "MPO"), "image/png": ("PNG",), "image/tiff": ("TIFF",), "image/webp": ("WEBP",)}
VIEWED = frozenset({PDF, *PICTURES})


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at something, and when."""

    account: str
    unit_name: str
    at: datetime

    def lines(self) -> list[str]:
        """The mark. What is not seen, or turns the order of letters round, would make it say something else."""
        when = self.at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
        return [_short(f"{self.unit_name} {self.account}"), f"{when} {COPY}"]


def _short(text: str) -> str:
    seen = "".join(each for each in text if unicodedata.category(each)[0] != "C")
    return seen if len(seen) <= LONGEST else f"{seen[: LONGEST - 1]}…"
