"""A paper as PDF: the template filled and laid out as GB/T 9704 asks. Pure and blocking; fetches nothing."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import segno
from markupsafe import Markup

from documents.papers.library import Library
from kit.errors import Refused

DRAFT = "草稿"
# where a visible signature may stand: on the last page below the text, where no template writes;
# left, bottom, right, top in points from the lower left corner
SIGNATURE_BOX = (80, 17, 300, 60)
LARGEST_ORGAN, ORGAN_WIDTH = 44, 430  # points: the head's letters, and the room for all of them


@dataclass(frozen=True, slots=True)
class Marks:
    """What the office adds to a paper. number: 发文字号, None for a draft; seal: PNG, drawn over name and date;
    verify_url: behind the QR code; watermark: written across each page; correction: which paper it supersedes and why.
    """

    number: str | None
    unit_name: str
    issued_on: date | None = None
    verify_url: str | None = None
    seal: bytes | None = field(default=None, repr=False)
    watermark: str | None = None
    correction: str | None = None


@dataclass(frozen=True, slots=True)
class Filled:
    """A paper: the template (its kind and version) and what was written into its sections."""

    kind: str
    template_version: int
    sections: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, kind: str, template: str | None, sections: Mapping[str, Any]) -> "Filled":
        """A filed paper. template: of its row, "kind/version"; None for the first version of the paper's own kind.

        Raises Refused("template-unknown-here").
        """
        named, _, version = (template or f"{kind}/1").partition("/")
        if not version.isdecimal():
            raise Refused("template-unknown-here", template=str(template)[:100])
        return cls(named, int(version), sections)


def render(paper: Filled, marks: Marks, library: Library | None = None) -> bytes:
    """The PDF. library: where the template is; those that come with the suite when none is given.

    Raises Refused("template-unknown-here"); Refused("paper-not-rendered") when a template asks for something outside.
    """
    from documents.papers.layout import pdf_of

    template = (library or Library.shipped()).get(paper.kind, paper.template_version)
    if marks.number is None and marks.watermark is None:
        marks = replace(marks, watermark=DRAFT)
    html = template.html(
        paper.sections, marks=marks, organ_size=_organ_size(marks.unit_name), qr=_qr(marks.verify_url)
    )  # fmt: skip
    return pdf_of(html, marks.seal)


def _organ_size(name: str) -> float:
    """As large as the standard likes it, and on one line."""
    return round(min(LARGEST_ORGAN, ORGAN_WIDTH / max(len(name), 1)), 2)


def _qr(url: str | None) -> Markup | None:
    if url is None:
        return None
    drawn = io.BytesIO()
    segno.make(url, error="m", micro=False).save(drawn, kind="svg", xmldecl=False, svgns=True, border=0, omitsize=True)
    return Markup(drawn.getvalue().decode())  # noqa: S704 - drawn here: paths only
