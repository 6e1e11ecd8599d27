"""All of a dossier that has pages as one PDF: cover, catalogue, bookmarks, pages numbered through. Pure and blocking.

Runs in a process of its own, with limits: what was handed in may be hostile.
"""

import io
from collections.abc import Sequence
from html import escape

import pikepdf
from PIL import Image, ImageOps

from documents.dossiers.domain import Part, Place
from documents.papers.layout import pdf_of

A4 = (595.28, 841.89)  # points
WIDEST = 1654  # pixels of an image's longer side on A4 at about 140 dpi
PIXELS = 80_000_000  # an image with more is not opened
PAGES = 5000
MARGIN = 28
STYLE = """
@page { size: A4; margin: 30mm 25mm; }
body { font-family: 'Noto Serif CJK SC', serif; font-size: 12pt; line-height: 1.7; }
h1 { text-align: center; font-size: 28pt; letter-spacing: 12pt; margin: 70mm 0 30mm; font-weight: 700; }
h2 { text-align: center; font-size: 18pt; page-break-before: always; }
dl { width: 120mm; margin: 0 auto; } dt { float: left; width: 32mm; clear: left; } dd { margin: 0 0 4mm 34mm; }
table { width: 100%; border-collapse: collapse; } td, th { border: .5pt solid #333; padding: 1.5mm 2mm; }
th { font-weight: 700; } tr { page-break-inside: avoid; } td { overflow-wrap: anywhere; }
td.n { text-align: center; white-space: nowrap; }
"""


def bind(facts: Sequence[tuple[str, str]], parts: Sequence[Part]) -> tuple[bytes, list[Place]]:
    """The PDF and where each part is in it. facts: what the cover says, label and value.

    What cannot be opened stays out: the catalogue says that it lies in the archive.
    """
    Image.MAX_IMAGE_PIXELS = PIXELS
    opened = [_opened(part) for part in parts]
    counts = [0 if pdf is None else len(pdf.pages) for pdf in opened]
    if sum(counts) > PAGES:
        raise ValueError(f"more than {PAGES} pages")
    front = _front(facts, parts, _places(counts, 1))
    places = _places(counts, len(front.pages) + 1)
    front = _front(facts, parts, places)  # its length does not depend on the numbers' values
    bound = pikepdf.new()
    bound.pages.extend(front.pages)
    for pdf in opened:
        if pdf is not None:
            bound.pages.extend(pdf.pages)
    _number(bound)
    _bookmark(bound, parts, places)
    written = io.BytesIO()
    bound.remove_unreferenced_resources()
    bound.save(written, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return written.getvalue(), places


def _places(counts: Sequence[int], first: int) -> list[Place]:
    places = []
    for count in counts:
        places.append(Place(first, count) if count else Place(None, None))
        first += count
    return places


def _opened(part: Part) -> pikepdf.Pdf | None:
    if part.content is None:
        return None
    try:
        if part.media_type == "application/pdf":
            return _still(pikepdf.open(io.BytesIO(part.content)))
        return pikepdf.open(io.BytesIO(_image_page(part.content)))
    except (pikepdf.PdfError, pikepdf.PasswordError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _still(pdf: pikepdf.Pdf) -> pikepdf.Pdf | None:
    """Pages alone: what can be filled in, clicked or run stays in the original, and so do signatures."""
    if "/AcroForm" in pdf.Root:
        del pdf.Root.AcroForm
    for page in pdf.pages:
        if "/Annots" in page:
            del page.Annots
    return pdf if len(pdf.pages) else None


def _image_page(content: bytes) -> bytes:
    """An image on a page of A4, upright, as large as fits."""
    with Image.open(io.BytesIO(content)) as image:
        image.draft("RGB", _within(image.size))  # the decoder itself leaves out what is not wanted
        whole = image.convert("RGB")
    # small before it is turned: each copy of twelve million pixels takes as long as all else
    upright = ImageOps.exif_transpose(whole.resize(_within(whole.size), reducing_gap=2))
    width, height = A4 if upright.height >= upright.width else A4[::-1]
    scale = min((width - 2 * MARGIN) / upright.width, (height - 2 * MARGIN) / upright.height)
    drawn = io.BytesIO()
    upright.save(drawn, "JPEG", quality=82)
    return _page_of(drawn.getvalue(), upright.size, (width, height), scale)


def _within(size: tuple[int, int]) -> tuple[int, int]:
    """The same shape, no side longer than WIDEST."""
    scale = min(1, WIDEST / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _page_of(jpeg: bytes, size: tuple[int, int], page: tuple[float, float], scale: float) -> bytes:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=page)
    image = pikepdf.Stream(
        pdf, jpeg, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=size[0], Height=size[1],
        ColorSpace=pikepdf.Name.DeviceRGB, BitsPerComponent=8, Filter=pikepdf.Name.DCTDecode,
    )  # fmt: skip
    wide, high = size[0] * scale, size[1] * scale
    left, bottom = (page[0] - wide) / 2, (page[1] - high) / 2
    pdf.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Image=image))
    pdf.pages[0].Contents = pdf.make_stream(
        f"q {wide:.2f} 0 0 {high:.2f} {left:.2f} {bottom:.2f} cm /Image Do Q".encode()
    )
    written = io.BytesIO()
    pdf.save(written)
    return written.getvalue()


def _front(facts: Sequence[tuple[str, str]], parts: Sequence[Part], places: Sequence[Place]) -> pikepdf.Pdf:
    """Cover (卷皮) and catalogue (卷内目录)."""
    cover = "".join(f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>" for label, value in facts)
    lines = "".join(
        f"<tr><td class=n>{number}</td><td>{escape(part.title)}</td><td>{escape(part.unit)}</td>"
        f"<td class=n>{escape(part.day)}</td><td class=n>{place.page or '见附件'}</td></tr>"
        for number, (part, place) in enumerate(zip(parts, places, strict=True), 1)
    )
    head = "<tr><th>序号</th><th>题名</th><th>责任者</th><th>日期</th><th>页号</th></tr>"
    html = f"<!doctype html><html lang=zh><style>{STYLE}</style><body><h1>信访电子卷宗</h1><dl>{cover}</dl>"
    html += f"<h2>卷内目录</h2><table><thead>{head}</thead><tbody>{lines}</tbody></table></body></html>"
    return pikepdf.open(io.BytesIO(pdf_of(html, None)))


def _number(pdf: pikepdf.Pdf) -> None:
    """The page's number in its upper right corner, whichever way it is turned."""
    font = pdf.make_indirect(
        pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    )
    total = len(pdf.pages)
    for number, page in enumerate(pdf.pages, 1):
        stamp = pikepdf.new()
        stamp.add_blank_page(page_size=A4)
        resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=stamp.copy_foreign(font)))
        stamp.pages[0].Resources = resources
        text = f"{number} / {total}"
        left = A4[0] - MARGIN - 5 * len(text)
        stamp.pages[0].Contents = stamp.make_stream(
            f"BT /F 9 Tf {left:.0f} {A4[1] - MARGIN:.0f} Td ({text}) Tj ET".encode()
        )
        page.add_overlay(stamp.pages[0], pikepdf.Rectangle(page.trimbox))


def _bookmark(pdf: pikepdf.Pdf, parts: Sequence[Part], places: Sequence[Place]) -> None:
    with pdf.open_outline() as outline:
        outline.root.append(pikepdf.OutlineItem("封面与目录", 0))
        for part, place in zip(parts, places, strict=True):
            if place.page is not None:
                outline.root.append(pikepdf.OutlineItem(part.title, place.page - 1))
