"""Papers as PDF: every kind laid out by the processes that do it, looked into with another library."""

import asyncio
import io
import os
import shutil
import signal
from dataclasses import replace
from datetime import date
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageDraw

from documents.papers.library import SHIPPED, Library
from documents.papers.renderers import Renderers
from documents.papers.rendering import SIGNATURE_BOX, Filled, Marks
from kit.errors import Refused
from kit.testing import eventually

UNIT = "第一百县第一百镇信访工作联席会议办公室"
NUMBER = "一百镇信访〔2026〕12号"
POINT = 25.4 / 72  # millimetres
DOMAIN = {  # of domain.md §7
    "告知书", "转送函", "交办函", "办结报告", "受理告知书", "不予受理告知书", "不再受理告知书", "延期告知书",
    "处理意见书", "调解协议书", "和解协议书", "复查意见书", "复核意见书", "督办函", "改进工作建议书",
    "完善政策建议书", "追究责任建议书", "听证笔录", "年度报告",
}  # fmt: skip
BESIDE = {"案件评查报告", "专项评查报告", "通知", "函", "信访信息"}


def seal() -> bytes:
    """A blue disc: nothing else on a paper is blue."""
    image = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((0, 0, 399, 399), fill=(0, 0, 255, 200))
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


MARKS = Marks(NUMBER, UNIT, date(2026, 1, 22), "https://xf.example.cn/verify/ABCD", seal())


def filled(kind: str, **changes: object) -> Filled:
    """With the examples of its schema, but for a text that would stand for all the rest."""
    template = Library.shipped().newest(kind)
    sections = {**template.examples, **changes}
    if "text" not in template.schema.get("required", ()) and "text" not in changes:
        sections.pop("text", None)
    return Filled(kind, template.version, sections)


def pages(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()


def picture(pdf: bytes, number: int) -> Image.Image:
    """A page at four dots a millimetre."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        drawn: Image.Image = document[number].render(scale=4 * POINT).to_pil().convert("RGB")
        return drawn
    finally:
        document.close()


def box(image: Image.Image, colour: tuple[bool, bool, bool]) -> tuple[float, float, float, float]:
    """Where a colour stands: left, top, right, bottom in millimetres."""
    parts = [part.point(lambda value: 255 * (value > 120)) for part in image.split()]
    wanted = [part if there else ImageChops.invert(part) for part, there in zip(parts, colour, strict=True)]
    found = ImageChops.darker(ImageChops.darker(wanted[0], wanted[1]), wanted[2]).getbbox()
    assert found is not None
    left, top, right, bottom = (each / 4 for each in found)
    return left, top, right, bottom


def test_all_papers_of_the_domain_have_templates() -> None:
    assert {each.zh for each in Library.shipped().offered()} == DOMAIN | BESIDE


@pytest.mark.parametrize("kind", [each.kind for each in Library.shipped().offered()])
async def test_every_kind_is_laid_out_on_a4_with_all_it_says(renderers: Renderers, kind: str) -> None:
    paper = filled(kind)
    pdf = await renderers.render(paper, MARKS)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        for page in opened.pages:
            width, height = (round(float(side) * POINT) for side in page.mediabox[2:])
            assert (width, height) == (210, 297)
            fonts = page.Resources.Font
            assert len(fonts.keys()) > 0
            for font in (each.DescendantFonts[0] for _, each in fonts.items()):
                assert "/FontFile3" in font.FontDescriptor or "/FontFile2" in font.FontDescriptor
                assert "Noto" in str(font.BaseFont)
        assert opened.open_metadata()["pdfaid:part"] == "2"
        assert str(opened.docinfo["/Title"]) != ""
    told = pages(pdf)
    text = "".join("".join(told).split())
    assert NUMBER in text
    assert text.count(UNIT) == 2  # the head and the signature
    assert "2026年1月22日" in text  # no zero before the month
    for number, said in enumerate(told, start=1):
        assert f"—{number}—" in "".join(said.split())
    for value in paper.sections.values():
        for line in value if isinstance(value, list) else str(value).splitlines():
            if (
                line not in {"support", "explain", "uphold", "flawed"} and "-" not in line[4:5]
            ):  # choices and dates are told in words
                assert "".join(line.split()) in text, line


@pytest.mark.parametrize("kind", ["decline-notice", "hearing-record", "supervision-letter"])
async def test_a_draft_in_which_little_or_nothing_is_written_is_laid_out_too(renderers: Renderers, kind: str) -> None:
    template = Library.shipped().newest(kind)
    required = template.schema.get("required") or template.schema["then"]["required"]
    for sections in ({}, {name: template.examples[name] for name in required}):
        text = "".join(pages(await renderers.render(Filled(kind, 1, sections), Marks(None, UNIT))))
        assert template.zh[:2] in text
        assert "None" not in text


async def test_the_short_form_that_has_a_text_says_that_and_nothing_of_its_own(renderers: Renderers) -> None:
    for kind in ("acceptance-notice", "hearing-record", "result-report"):
        paper = Filled(kind, 1, {"text": "经审查，决定如下。"})
        text = "".join(pages(await renderers.render(paper, MARKS)))
        assert "经审查，决定如下。" in text
        assert "收悉" not in text


async def test_the_head_is_red_above_a_red_line_as_wide_as_the_text(renderers: Renderers) -> None:
    first = picture(await renderers.render(filled("opinion"), MARKS), 0)
    left, top, right, bottom = box(first, (True, False, False))
    assert left == pytest.approx(28, abs=0.6)
    assert right == pytest.approx(210 - 26, abs=0.6)
    assert 37 + 34 < top < 37 + 38  # 35 mm below the upper edge of the type area (7.2.4)
    assert bottom < 130


async def test_the_seal_covers_the_date_and_begins_within_a_line_of_the_text(renderers: Renderers) -> None:
    pdf = await renderers.render(filled("opinion"), MARKS)
    last = picture(pdf, len(pages(pdf)) - 1)
    left, top, right, bottom = box(last, (False, False, True))
    assert right - left == pytest.approx(42, abs=0.8)
    document = pypdfium2.PdfDocument(pdf)
    page = document[len(document) - 1]
    search = page.get_textpage().search("2026年1月22日")
    index, count = search.get_next()
    boxes = [page.get_textpage().get_charbox(index + each) for each in range(count)]
    height = page.get_height()
    for x0, y0, x1, y1 in boxes:  # the date lies wholly below the seal, and below its centre (7.3.5)
        assert left < x0 * POINT < x1 * POINT < right
        assert (top + bottom) / 2 < (height - (y0 + y1) / 2) * POINT < bottom
    document.close()


async def test_nothing_stands_where_a_signature_may_be_shown(renderers: Renderers) -> None:
    for kind in ("opinion", "supervision-letter", "hearing-record"):
        pdf = await renderers.render(filled(kind), MARKS)
        last = picture(pdf, len(pages(pdf)) - 1)
        left, bottom, right, top = (part * POINT * 4 for part in SIGNATURE_BOX)
        place = last.crop((int(left), int(last.height - top), int(right), int(last.height - bottom)))
        assert place.getcolors() == [(place.width * place.height, (255, 255, 255))]


async def test_a_paper_without_a_number_is_marked_as_a_draft_and_another_mark_is_written_as_given(
    renderers: Renderers,
) -> None:
    draft = "".join(pages(await renderers.render(filled("notice"), Marks(None, UNIT))))
    assert "草稿" in draft.replace(" ", "")
    filed = "".join(pages(await renderers.render(filled("notice"), Marks(None, UNIT, watermark="未盖章"))))
    assert "未盖章" in filed.replace(" ", "")
    assert "草稿" not in filed
    assert "草稿" not in "".join(pages(await renderers.render(filled("notice"), MARKS)))


async def test_the_same_paper_is_the_same_file(renderers: Renderers) -> None:
    made = [await renderers.render(filled("opinion"), MARKS) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0] != await renderers.render(filled("opinion"), replace(MARKS, number="一百镇信访〔2026〕13号"))


async def test_what_is_written_is_text_and_never_markup(renderers: Renderers) -> None:
    facts = "<b>粗</b> <img src='file:///etc/passwd'> {{ 7 * 7 }} & <script>"
    text = "".join(pages(await renderers.render(filled("opinion", facts=facts), MARKS)))
    assert "".join(facts.split()) in "".join(text.split())


OUTSIDE = (
    '<img src="file:///etc/hostname">',
    '<img src="http://127.0.0.1:9/x.png">',
    '<link rel="stylesheet" href="file:///etc/hostname">',
    '<style>@import url("data:text/css,p{}");</style>',
    '<p style="background: url(file:///etc/hostname)">x</p>',
    '<object data="data:image/png;base64,AA=="></object>',
    '<a rel="attachment" href="file:///etc/hostname">x</a>',
)


async def test_a_template_that_asks_for_anything_outside_is_not_laid_out(tmp_path: Path) -> None:
    for version, markup in enumerate(OUTSIDE, start=2):
        place = tmp_path / "notice" / str(version)
        shutil.copytree(SHIPPED / "notice" / "1", place)
        (place / "template.html").write_text(f"<title>x</title>{markup}", encoding="utf-8")
    own = Renderers(1, tmp_path)
    processes = set()
    try:
        for version, _ in enumerate(OUTSIDE, start=2):
            with pytest.raises(Refused, match="paper-not-rendered"):
                await own.render(Filled("notice", version, {"text": "x"}), MARKS)
            processes |= {*own.processes()}
        assert (await own.render(Filled("notice", 1, {"text": "x"}), MARKS)).startswith(b"%PDF")
        assert len(processes) == 1, "it ends no process either"
    finally:
        await own.close()


async def test_a_process_that_dies_or_takes_too_long_is_replaced() -> None:
    pool = Renderers(1)

    async def gone() -> bool:
        return not pool.processes()

    try:
        assert (await pool.render(filled("notice"), MARKS)).startswith(b"%PDF")
        os.kill(pool.processes()[0], signal.SIGKILL)
        await eventually(gone)
        assert (await pool.render(filled("notice"), MARKS)).startswith(b"%PDF")
        first = pool.processes()
        with pytest.raises(Refused, match="paper-not-rendered"):
            await pool.render(filled("opinion", facts="经查道路失修。" * 60_000), MARKS, seconds=0.2)
        assert (await pool.render(filled("notice"), MARKS)).startswith(b"%PDF")
        assert pool.processes() != first
    finally:
        await pool.close()
    assert pool.processes() == []


async def test_whoever_goes_away_does_not_leave_an_answer_to_the_next() -> None:
    pool = Renderers(1)

    async def begun() -> bool:
        return bool(pool.processes())

    try:
        long = asyncio.create_task(pool.render(filled("opinion", facts="经查道路失修。" * 3000), MARKS))
        await eventually(begun)
        long.cancel()
        with pytest.raises(asyncio.CancelledError):
            await long
        assert len(pages(await pool.render(filled("notice"), MARKS))) == 2
    finally:
        await pool.close()


async def test_an_unknown_template_is_named(renderers: Renderers) -> None:
    with pytest.raises(Refused, match="template-unknown-here"):
        await renderers.render(Filled("notice", 99, {}), MARKS)
