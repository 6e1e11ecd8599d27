"""Viewing copies: every page marked, whatever the PDF tries, within bounds, and nothing of it left anywhere."""

import asyncio
import io
import os
import subprocess
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageChops
from tests.support.scans import blank_pdf, bomb_png, saved, scan

from documents.views import stamping
from documents.views.domain import PDF, REASONS, Viewer
from documents.views.settings import ViewSettings
from documents.views.stamping import TURN
from documents.views.viewer import Viewer as Marking
from kit.errors import Refused

LOOKS = Viewer("zhang.san", "丁镇信访办", datetime(2026, 1, 5, 1, 0, tzinfo=UTC))


async def pieces(content: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


async def copied(content: bytes, media_type: str = PDF, **settings: Any) -> bytes:
    copy = await Marking(ViewSettings(**settings)).copy(pieces(content), media_type, len(content), LOOKS)
    made = b"".join([chunk async for chunk in copy.content])
    assert len(made) == copy.size
    return made


def drawn(pdf: bytes, number: int = 0, scale: float = 1.0) -> Image.Image:
    picture: Image.Image = pypdfium2.PdfDocument(pdf)[number].render(scale=scale).to_pil().convert("L")
    return picture


def marked_everywhere(page: Image.Image) -> bool:
    """Whether there is a grey that no page of these tests has, in each quarter."""
    across, up = page.width // 2, page.height // 2
    quarters = [page.crop((x, y, x + across, y + up)) for x in (0, across) for y in (0, up)]
    return all(any(count for grey, count in enumerate(quarter.histogram()) if 60 < grey < 240) for quarter in quarters)


def of_contents(contents: bytes, **page: Any) -> bytes:
    """A PDF with one page that draws this."""
    pdf, written = pikepdf.new(), io.BytesIO()
    pdf.add_blank_page(page_size=(595, 842))
    pdf.pages[0].obj.Contents = pdf.make_stream(contents)
    for key, value in page.items():
        pdf.pages[0].obj[f"/{key}"] = value
    pdf.save(written)
    return written.getvalue()


async def test_every_page_of_a_long_pdf_is_marked() -> None:
    made = await copied(blank_pdf(300))
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert [int(page.mediabox[2]) for page in pdf.pages] == [500 + number for number in range(1, 301)]
    assert all(marked_everywhere(drawn(made, number)) for number in (0, 150, 299))
    assert not marked_everywhere(drawn(blank_pdf(1)))


async def test_the_mark_says_in_chinese_who_looks_and_when() -> None:
    page = drawn(await copied(of_contents(b"")), scale=6)
    assert round(TURN[1], 3) == 0.5
    straight = page.rotate(-30, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    across, down = straight.width // 4, straight.height // 4  # whole marks stand in the middle; to read all takes long
    middle = straight.crop((across, down, 3 * across, 3 * down)).point(lambda grey: 0 if grey < 235 else 255)
    content = io.BytesIO()
    middle.save(content, "PNG")
    command = ["env", "OMP_THREAD_LIMIT=1", "tesseract", "-", "-", "-l", "chi_sim", "--psm", "11"]
    read = await asyncio.to_thread(subprocess.run, command, input=content.getvalue(), capture_output=True, check=True)
    text = read.stdout.decode().replace(" ", "")
    for word in ("丁镇信访办", "zhang", "2026-01-05", "09:00", "查阅副本"):  # China is eight hours ahead
        assert word in text, word


@pytest.mark.parametrize(
    "contents",
    [
        b"Q Q 1 0 0 1 9999 9999 cm",
        b"q q q 0.0001 0 0 0.0001 0 0 cm",
        b"0 0 1 1 re W n q",
        b"/Span <</ActualText (x)>> BDC",
        b"1 1 1 rg 0 0 595 842 re f",
    ],
)
async def test_no_drawing_of_a_page_moves_cuts_or_covers_its_mark(contents: bytes) -> None:
    assert marked_everywhere(drawn(await copied(of_contents(contents))))


async def test_an_annotation_over_the_whole_page_is_below_the_mark() -> None:
    pdf, written = pikepdf.new(), io.BytesIO()
    pdf.add_blank_page(page_size=(595, 842))
    cover = pdf.make_stream(b"1 1 1 rg 0 0 595 842 re f")
    cover.update(
        {"/Type": pikepdf.Name.XObject, "/Subtype": pikepdf.Name.Form, "/BBox": pikepdf.Array([0, 0, 595, 842])}
    )
    stamp = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Stamp, Rect=pikepdf.Array([0, 0, 595, 842]), F=4,
        AP=pikepdf.Dictionary(N=cover),
    )  # fmt: skip
    pdf.pages[0].obj.Annots = pdf.make_indirect(pikepdf.Array([pdf.make_indirect(stamp)]))
    pdf.save(written)
    made = await copied(written.getvalue())
    assert marked_everywhere(drawn(made))
    with pikepdf.open(io.BytesIO(made)) as opened:
        assert "/Annots" not in opened.pages[0]


@pytest.mark.parametrize(
    ("page", "size"),
    [
        ({"Rotate": 90}, (842, 595)),
        ({"CropBox": pikepdf.Array([100, 100, 400, 300])}, (300, 200)),
        ({"UserUnit": 2}, (1190, 1684)),
        ({"TrimBox": pikepdf.Array([200, 200, 210, 210])}, (595, 842)),
    ],
)
async def test_a_page_is_shown_as_it_was_turned_and_cut(page: dict[str, Any], size: tuple[int, int]) -> None:
    made = await copied(of_contents(b"0 g 150 150 20 20 re f", **page))
    shown = drawn(made)
    assert shown.size == pytest.approx(size, abs=1)
    assert marked_everywhere(shown)
    assert shown.histogram()[0] > 100  # the square is still there


async def test_what_pages_inherit_is_shown_and_shared_fonts_and_pictures_stay_shared() -> None:
    pdf, written = pikepdf.new(), io.BytesIO()
    for _ in range(20):
        pdf.add_blank_page(page_size=(595, 842))
    picture = pikepdf.Stream(pdf, os.urandom(300 * 300), Width=300, Height=300, BitsPerComponent=8)
    picture.update(
        {"/Type": pikepdf.Name.XObject, "/Subtype": pikepdf.Name.Image, "/ColorSpace": pikepdf.Name.DeviceGray}
    )
    for page in pdf.pages:
        del page.obj.Resources
        page.obj.Contents = pdf.make_stream(b"q 300 0 0 300 50 50 cm /I Do Q")
    pdf.Root.Pages.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I=picture))
    pdf.save(written)
    original = written.getvalue()
    made = await copied(original)
    assert len(made) < len(original) + 60_000
    difference = ImageChops.difference(drawn(made, 19), drawn(original, 19)).crop((60, 500, 340, 780))
    assert max(grey for grey, count in enumerate(difference.histogram()) if count) < 160
    assert drawn(made, 19).crop((60, 500, 340, 780)).entropy() > 6  # noise, not white paper


async def test_what_runs_is_attached_or_signed_stays_in_the_original() -> None:
    pdf, written = pikepdf.open(io.BytesIO(of_contents(b""))), io.BytesIO()
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
    pdf.pages[0].obj.AA = pikepdf.Dictionary(O=pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(2)"))
    pdf.attachments["original.txt"] = b"unmarked"
    pdf.save(written)
    with pikepdf.open(io.BytesIO(await copied(written.getvalue()))) as made:
        assert not {"/OpenAction", "/AcroForm", "/Names", "/AF"} & set(made.Root.keys())
        assert "/AA" not in made.pages[0]
        assert len(made.attachments) == 0


@pytest.mark.parametrize(("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("TIFF", "image/tiff"),
                                                  ("WEBP", "image/webp")])  # fmt: skip
async def test_a_picture_is_shown_as_a_marked_page(kind: str, media_type: str) -> None:
    made = await copied(saved(scan(), kind), media_type)
    assert marked_everywhere(drawn(made))
    assert drawn(made).size[0] > drawn(made).size[1]


async def test_pages_of_a_fax_are_all_shown() -> None:
    content = io.BytesIO()
    scan().save(content, "TIFF", save_all=True, append_images=[scan("第二页")])
    with pikepdf.open(io.BytesIO(await copied(content.getvalue(), "image/tiff"))) as made:
        assert len(made.pages) == 2


HOSTILE = of_contents(b"", MediaBox=pikepdf.Array([0, 0, 10**7, 10**7]))


@pytest.mark.parametrize(
    ("content", "media_type", "settings", "reason"),
    [
        (blank_pdf(1, encryption=pikepdf.Encryption(owner="o", user="u")), PDF, {}, "encrypted"),
        (b"%PDF-1.7 nothing", PDF, {}, "damaged"),
        (HOSTILE, PDF, {}, "damaged"),
        (of_contents(b"", MediaBox=pikepdf.Array([0, 0, 0, 0])), PDF, {}, "damaged"),
        (blank_pdf(6), PDF, {"most_pages": 5}, "too-many-pages"),
        (blank_pdf(6), PDF, {"most_bytes": 100}, "too-large"),
        (bomb_png(), "image/png", {}, "too-large"),
        (saved(scan()), "image/jpeg", {}, "damaged"),
        (b"RIFF", "video/x-msvideo", {}, "no-pages"),
    ],
)  # fmt: skip
async def test_what_cannot_be_marked_is_refused_with_a_reason(
    content: bytes, media_type: str, settings: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Refused, match="not-viewable") as refused:
        await copied(content, media_type, **settings)
    assert (refused.value.facts["reason"], refused.value.facts["reason_zh"]) == (reason, REASONS[reason][0])


async def test_a_pdf_that_only_its_owner_may_change_is_shown() -> None:
    made = await copied(blank_pdf(1, encryption=pikepdf.Encryption(owner="o", user="")))
    assert marked_everywhere(drawn(made))


async def test_a_process_beyond_its_memory_is_told_as_too_large() -> None:
    pdf, written = pikepdf.new(), io.BytesIO()
    pdf.add_blank_page(page_size=(595, 842))
    pdf.pages[0].obj.Contents = pdf.make_stream(os.urandom(60_000_000))
    pdf.save(written, compress_streams=False)
    with pytest.raises(Refused, match="too-large"):
        await copied(written.getvalue(), memory_mb=256)


async def test_who_waits_too_long_is_told_and_a_place_is_free_again_when_a_reader_goes() -> None:
    viewer, content = Marking(ViewSettings(at_once=1, wait_seconds=0.3)), blank_pdf(1)
    held = await viewer.copy(pieces(content), PDF, len(content), LOOKS)  # nobody reads it
    with pytest.raises(Refused, match="too-many-requests"):
        await viewer.copy(pieces(content), PDF, len(content), LOOKS)
    await held.content.aclose()
    again = await viewer.copy(pieces(content), PDF, len(content), LOOKS)
    assert b"".join([chunk async for chunk in again.content]).startswith(b"%PDF")
    for _ in range(2):  # a refusal gives its place back, too
        with pytest.raises(Refused, match="not-viewable"):
            await viewer.copy(pieces(b"%PDF-"), PDF, 5, LOOKS)


async def test_nothing_is_left_on_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    await copied(blank_pdf(20))
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - as ASYNC240 would have it otherwise


def test_without_a_chinese_font_nothing_is_shown_unmarked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamping, "FONT", "NoSuchFont.ttc")
    order = {"lines": LOOKS.lines(), "media_type": PDF, "most_pages": 9, "most_pixels": 9, "formats": []}
    with pytest.raises(stamping.Problem, match="no-font"):
        stamping.stamped(blank_pdf(1), order)
    assert "no-font" in REASONS


def test_the_mark_is_bounded_and_holds_nothing_that_is_not_seen() -> None:
    who, when = Viewer("a\u202eb" + "长" * 100, "丁镇\n信访办", LOOKS.at).lines()
    assert (len(who), who[:9]) == (40, "丁镇信访办 ab长")
    assert when == "2026-01-05 09:00 查阅副本 无签章效力"
