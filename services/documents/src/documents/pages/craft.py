"""What is done to a stranger's pictures and PDFs, in a process of its own (see documents.launch): `craft.py FILE`.

The file holds an order as JSON; the answer is JSON on the standard output, {"problem": slug} for what is refused.
What reads PDFs is loaded where there is one: it takes longer than a photograph.
"""

import json
import sys
import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageOps

if TYPE_CHECKING:
    import pikepdf
    import pypdfium2

A4 = (8.27, 11.69)  # inches
THUMBNAIL = 360  # pixels of the longer side
FORMATS = {
    "image/jpeg": ("JPEG", "MPO"),
    "image/png": ("PNG",),
    "image/tiff": ("TIFF",),
    "image/webp": ("WEBP",),
}
TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
ANGLES = [step / 2 for step in range(-8, 9)]  # degrees by which a page may lie askew
CLEARLY = 1.15  # by so much the lines of a page must stand out better when it is turned
LONGEST_TEXT = 40_000
DIGITAL = 50  # letters from which on a page of a PDF is taken to have a text already
# annotations that carry something else than what is seen
ACTIVE = {"/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/Sound", "/3D"}


class Problem(Exception):
    """A slug of the refusal catalogue."""


def look(order: dict[str, Any]) -> dict[str, Any]:
    """Count a file's pages and write a thumbnail of each, `<page>.jpg`. Every picture is decoded whole."""
    source, out = Path(order["source"]), Path(order["out"])
    thumbs = _pdf_thumbnails(source, order) if order["media_type"] == "application/pdf" else _pictures(source, order)
    pages, shown = 0, []
    for pages, thumb in enumerate(thumbs, 1):
        if thumb is not None:
            thumb.save(out / f"{pages}.jpg", quality=70)
            shown.append(pages)
    if not pages:
        raise Problem("file-damaged")
    return {"pages": pages, "thumbnails": shown}


def _check_pages(found: int, most: int) -> None:
    if found > most:
        raise Problem("too-many-pages")


def _pictures(source: Path, order: dict[str, Any]) -> Iterator[Image.Image]:
    with Image.open(source, formats=FORMATS[order["media_type"]]) as image:
        frames = _frames(image)
        _check_pages(frames, order["most_pages"])
        for frame in range(frames):
            image.seek(frame)
            image.load()
            yield _small(_plain(image))


def _frames(image: Image.Image) -> int:
    """Only a TIFF has pages; an animation is its first picture."""
    return int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1


def _small(image: Image.Image) -> Image.Image:
    image.thumbnail((THUMBNAIL, THUMBNAIL), reducing_gap=2.0)
    return image


def _pdf_thumbnails(source: Path, order: dict[str, Any]) -> Iterator[Image.Image | None]:
    import pikepdf
    import pypdfium2

    try:
        with pikepdf.open(source) as pdf:
            pages = len(pdf.pages)
    except pikepdf.PasswordError as error:
        raise Problem("file-encrypted") from error
    _check_pages(pages, order["most_pages"])
    document = pypdfium2.PdfDocument(source)
    for number in range(pages):
        yield _rendered(document, number, 0, THUMBNAIL)


def _rendered(document: "pypdfium2.PdfDocument", number: int, rotation: int, longest: int) -> Image.Image | None:
    """None for a page that cannot be shown; it is taken over as it is."""
    import pypdfium2

    try:
        page = document[number]
        picture = page.render(scale=longest / max(*page.get_size(), 1), rotation=rotation).to_pil()
    except (pypdfium2.PdfiumError, ValueError):
        return None
    shown: Image.Image = picture.convert("RGB")
    return shown


def picture(order: dict[str, Any]) -> dict[str, Any]:
    """Write a page as it is to be read, upright and not larger than A4 at `dpi`. Answers the text that a PDF's page has
    of its own.
    """
    source, dpi, text = Path(order["source"]), int(order["dpi"]), ""
    if order["media_type"] == "application/pdf":
        import pypdfium2

        document = pypdfium2.PdfDocument(source)
        text = _own_text(document, order["page"] - 1)
        longest = min(int(max(document[order["page"] - 1].get_size()) / 72 * dpi), int(A4[1] * dpi))
        image = _rendered(document, order["page"] - 1, order["rotation"], max(longest, 1))
        if image is None:
            raise Problem("page-not-shown")
    else:
        image = _straight(_upright(source, order))
    image.save(order["out"], quality=80)  # without a resolution: tesseract guesses it better from the letters' size
    return {"text": text}


def _own_text(document: "pypdfium2.PdfDocument", number: int) -> str:
    import pypdfium2

    try:
        text = str(document[number].get_textpage().get_text_bounded())
    except pypdfium2.PdfiumError:
        return ""
    return text[:LONGEST_TEXT] if sum(each.isalnum() for each in text) >= DIGITAL else ""


def _upright(source: Path, order: dict[str, Any]) -> Image.Image:
    with Image.open(source, formats=FORMATS[order["media_type"]]) as opened:
        opened.seek(order["page"] - 1)
        longest = int(A4[1] * order["dpi"])
        opened.draft("RGB", (longest, longest))  # a JPEG is decoded at a fraction of its size
        opened.load()
        image = _plain(opened)
    if order["rotation"]:
        image = image.transpose(TURNS[order["rotation"]])
    return _fitted(image, order["dpi"])


def _fitted(image: Image.Image, dpi: int) -> Image.Image:
    width, height = (int(side * dpi) for side in (A4 if image.height >= image.width else A4[::-1]))
    image.thumbnail((width, height), reducing_gap=2.0)
    return image


def _plain(image: Image.Image) -> Image.Image:
    """As the camera was held, grey or coloured, on white paper."""
    turned = ImageOps.exif_transpose(image)
    if turned.mode in {"1", "L"}:
        return turned.convert("L")
    if turned.mode.startswith("I") or turned.mode == "F":
        return turned.point(lambda value: value / 256).convert("L") if turned.mode != "F" else turned.convert("L")
    if turned.mode in {"RGBA", "LA", "PA", "P"}:
        layered = turned.convert("RGBA")
        paper = Image.new("RGB", layered.size, "white")
        paper.paste(layered, mask=layered.getchannel("A"))
        return paper
    return turned.convert("RGB")


def _straight(image: Image.Image) -> Image.Image:
    """Turned by the angle at which the lines of writing stand out best, if they clearly do."""
    angle = _skew(image)
    if not angle:
        return image
    return image.rotate(angle, Image.Resampling.BICUBIC, fillcolor="white")


def _skew(image: Image.Image) -> float:
    small = image.convert("L")
    small.thumbnail((500, 500))
    ink = ImageOps.invert(ImageOps.autocontrast(small)).point(lambda value: 255 if value > 128 else 0)

    def contrast(angle: float) -> int:
        rows = ink.rotate(angle, Image.Resampling.BILINEAR).resize((1, ink.height), Image.Resampling.BOX).tobytes()
        return sum((above - below) ** 2 for above, below in pairwise(rows))

    best = max(ANGLES, key=contrast)
    return best if contrast(best) > CLEARLY * max(contrast(0), 1) else 0


def _inches(image: Image.Image) -> tuple[float, float]:
    """How large it is on paper: as large as fits on A4."""
    paper = A4 if image.height >= image.width else A4[::-1]
    scale = min(paper[0] / image.width, paper[1] / image.height)
    return image.width * scale, image.height * scale


def assemble(order: dict[str, Any]) -> dict[str, Any]:
    """Write one PDF: each page a picture, or a page of a PDF without what runs or opens; with its layer of text."""
    import pikepdf

    from documents.pages.layers import lay_over

    opened: dict[str, pikepdf.Pdf] = {}
    with pikepdf.new() as made:
        for leaf in order["leaves"]:
            if leaf["media_type"] == "application/pdf":
                if leaf["source"] not in opened:
                    opened[leaf["source"]] = pikepdf.open(leaf["source"])
                made.pages.append(opened[leaf["source"]].pages[leaf["page"] - 1])
                _quieten(made.pages[-1])
                made.pages[-1].rotate(leaf["rotation"], relative=True)
            else:
                _add_picture(made, Path(leaf["source"]))
            if leaf["layer"]:
                lay_over(made.pages[-1], Path(leaf["layer"]))
        made.save(order["out"], object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    with pikepdf.open(order["out"]) as pdf:
        return {"pages": len(pdf.pages)}


def _quieten(page: "pikepdf.Page") -> None:
    """No actions and no files; marks that are seen stay."""
    import pikepdf

    marks, kept = page.obj.get("/Annots"), []
    _take(page.obj, "/AA", "/Annots")
    for mark in marks if isinstance(marks, pikepdf.Array) else []:
        if not isinstance(mark, pikepdf.Dictionary) or str(mark.get("/Subtype", "")) in ACTIVE:
            continue
        _take(mark, "/A", "/AA", "/PA", "/Dest", "/Parent", "/Popup", "/FS")
        kept.append(mark)
    if kept:
        page.obj.Annots = pikepdf.Array(kept)


def _take(entry: "pikepdf.Object", *keys: str) -> None:
    for key in keys:
        if key in entry:
            del entry[key]


def _add_picture(made: "pikepdf.Pdf", source: Path) -> None:
    import pikepdf

    with Image.open(source, formats=("JPEG",)) as image:
        width, height = (round(side * 72, 2) for side in _inches(image))
        space = pikepdf.Name.DeviceGray if image.mode == "L" else pikepdf.Name.DeviceRGB
        shape = {"Width": image.width, "Height": image.height}
    drawn = pikepdf.Stream(made, source.read_bytes())
    drawn.update({"/Type": pikepdf.Name.XObject, "/Subtype": pikepdf.Name.Image, "/BitsPerComponent": 8,
                  "/ColorSpace": space, "/Filter": pikepdf.Name.DCTDecode,
                  **{f"/{name}": value for name, value in shape.items()}})  # fmt: skip
    page = made.add_blank_page(page_size=(width, height))
    page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=drawn))
    page.obj.Contents = made.make_stream(f"q {width} 0 0 {height} 0 0 cm /Im0 Do Q".encode())


ORDERS = {"look": look, "picture": picture, "assemble": assemble}


def main(file: str) -> None:
    order = json.loads(Path(file).read_text())
    Image.MAX_IMAGE_PIXELS = order.get("most_pixels")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        answer = ORDERS[order["do"]](order)
    except Problem as problem:
        answer = {"problem": str(problem)}
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        answer = {"problem": "picture-too-large"}
    except MemoryError:
        answer = {"problem": "file-too-heavy"}
    except Exception as error:  # noqa: BLE001 - whatever a parser says of a stranger's file, the file is at fault
        answer = {"problem": "file-damaged", "error": type(error).__name__}
    json.dump(answer, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main(sys.argv[1])
