"""The rules of papers (文书): what an opinion and a notice hold. Standard library only."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, ClassVar, Literal

Outcome = Literal["support", "explain", "not-support"]


@dataclass(frozen=True, slots=True)
class Opinion:
    """A handling opinion (处理意见书): every part of it is required by Art 32."""

    request: str
    facts: str
    opinion: str
    legal_basis: str
    outcome: Outcome
    kind: ClassVar[str] = "opinion"
    template: ClassVar[None] = None

    def __repr__(self) -> str:
        return "Opinion(…)"

    def content(self) -> str:
        """The text whose SHA-256 stands for the paper: JSON, keys in order, no spaces, UTF-8."""
        return canonical(asdict(self))


@dataclass(frozen=True, slots=True)
class Notice:
    """Any other paper of a case: a notice (告知书), a record, an agreement."""

    kind: str
    text: str
    legal_basis: str | None = None
    outcome: ClassVar[None] = None
    template: ClassVar[None] = None

    def __repr__(self) -> str:
        return f"Notice({self.kind}, …)"

    def content(self) -> str:
        """As that of an opinion."""
        return canonical({"text": self.text, "legal_basis": self.legal_basis})


@dataclass(frozen=True, slots=True)
class FromTemplate:
    """A paper written with a template. kind: what it is filed as; template: kind/version; sections: complete."""

    kind: str
    template: str
    sections: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"FromTemplate({self.template}, …)"

    @property
    def outcome(self) -> Outcome | None:
        """Of an opinion."""
        outcome: Outcome | None = self.sections.get("outcome")
        return outcome if self.kind == "opinion" else None

    def content(self) -> str:
        """As that of an opinion."""
        return canonical(self.sections)


def canonical(sections: Mapping[str, Any]) -> str:
    return json.dumps(sections, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def day(value: date | str | None) -> str:
    """2026年1月5日, as GB/T 9704 writes dates: in digits, none of them a leading zero; nothing for what is no date."""
    if not isinstance(value, str):
        return "" if value is None else f"{value.year}年{value.month}月{value.day}日"
    try:
        return day(date.fromisoformat(value))
    except ValueError:
        return ""
