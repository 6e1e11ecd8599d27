"""The rules of papers (文书): what an opinion and a notice hold. Standard library only."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True)
class Opinion:
    """A handling opinion (处理意见书): every part of it is required by Art 32."""

    request: str
    facts: str
    opinion: str
    legal_basis: str
    outcome: Literal["support", "explain", "not-support"]
    kind: ClassVar[str] = "opinion"

    def __repr__(self) -> str:
        return "Opinion(…)"

    def content(self) -> str:
        """The text whose SHA-256 stands for the paper: JSON, keys in order, no spaces, UTF-8."""
        return _canonical(asdict(self))


@dataclass(frozen=True, slots=True)
class Notice:
    """Any other paper of a case: a notice (告知书), a record, an agreement."""

    kind: str
    text: str
    legal_basis: str | None = None
    outcome: ClassVar[None] = None

    def __repr__(self) -> str:
        return f"Notice({self.kind}, …)"

    def content(self) -> str:
        """As that of an opinion."""
        return _canonical({"text": self.text, "legal_basis": self.legal_basis})


def _canonical(sections: Mapping[str, str | None]) -> str:
    return json.dumps(sections, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
