"""Marks every page of a stranger's PDF or picture, in a process of its own (see documents.launch).

Asked on standard input: a length (8 bytes), an order as JSON, the content; answers on standard output: a length, JSON
({"bytes"} or {"problem"}), the PDF. Nothing of it lies on a disk.
"""

import io
import json
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO

import pikepdf
from PIL import Image, ImageDraw, ImageFont, ImageOps

LENGTH = 8
FONT, FAMILY = "NotoSansCJK-Regular.ttc", "Noto Sans CJK SC"  # of its faces the one with mainland shapes
LETTER, SCALE = 11, 6  # points of a letter, dots to the point
TURN = (0.8660, 0.5)  # cosine and sine of 30 degrees
GREY, OPACITY = 0.4, 0.45  # seen on white paper and on a dark photograph, and what lies below it can be read
LEAST, MOST = 8, 14_400  # points of a page's side (ISO 32000-1, annex C)
A4 = (595.28, 841.89)
WIDEST = 2480  # pixels of a picture's longer side: what A4 has at 210 dots to the inch


class Problem(Exception):
    """Why no copy can be made: a key of views.domain.REASONS."""


def stamped(content: bytes, order: dict[str, Any]) -> bytes:
    """A new PDF with all pages of the content, each marked. Raises Problem.

    Each page is drawn as a form of its own with the mark above it: nothing in it, and no annotation, can move, cover or
    hide the mark. What runs, opens, is attached or signed stays in the original.
    """
    with pikepdf.new() as made:
        mark = _mark(made, order["lines"])
        forms: dict[tuple[float, float], pikepdf.Object] = {}
        pages = _of_pdf(made, content, order) if order["media_type"] == "application/pdf" else _of_picture(
            made, content, order)  # fmt: skip
        for form, size in pages:
            if size not in forms:
                forms[size] = _tiled(made, mark, size)
            _add_page(made, form, forms[size], size)
        if not len(made.pages):
            raise Problem("damaged")
        written = io.BytesIO()
        made.save(written, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return written.getvalue()


def _of_pdf(made: pikepdf.Pdf, content: bytes, order: dict[str, Any]) -> Iterator[tuple[Any, tuple[float, float]]]:
    source = pikepdf.open(io.BytesIO(content))  # read when all is saved: it stays open
    if len(source.pages) > order["most_pages"]:
        raise Problem("too-many-pages")
    source.generate_appearance_streams()
    source.flatten_annotations("screen")
    for page in source.pages:
        page.obj.TrimBox = page.cropbox  # what a viewer shows is what the form is cut to
        size = _size(page)
        yield made.copy_foreign(page.as_form_xobject()), size


def _size(page: pikepdf.Page) -> tuple[float, float]:
    """As it is shown, turned: width and height in points."""
    box = pikepdf.Rectangle(page.trimbox)
    unit = float(page.obj.get("/UserUnit", 1))
    width, height = abs(float(box.width)) * unit, abs(float(box.height)) * unit
    if not (LEAST <= width <= MOST and LEAST <= height <= MOST):
        raise Problem("damaged")
    turned = int(page.rotation) % 180 == 90
    return (round(height, 2), round(width, 2)) if turned else (round(width, 2), round(height, 2))


def _of_picture(made: pikepdf.Pdf, content: bytes, order: dict[str, Any]) -> Iterator[tuple[Any, tuple[float, float]]]:
    Image.MAX_IMAGE_PIXELS = order["most_pixels"]
    with Image.open(io.BytesIO(content), formats=order["formats"]) as image:
        frames = int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1
        if frames > order["most_pages"]:
            raise Problem("too-many-pages")
        for frame in range(frames):
            image.seek(frame)
            image.draft("RGB", (WIDEST, WIDEST))  # a JPEG is decoded at a fraction of its size
            yield _picture(made, image)


def _picture(made: pikepdf.Pdf, image: Image.Image) -> tuple[Any, tuple[float, float]]:
    upright = ImageOps.exif_transpose(image)
    plain = Image.new("RGB", upright.size, "white")  # on white paper
    layered = upright.convert("RGBA")
    plain.paste(layered, mask=layered.getchannel("A"))
    plain.thumbnail((WIDEST, WIDEST), reducing_gap=2.0)
    drawn = io.BytesIO()
    plain.save(drawn, "JPEG", quality=85)
    shown = pikepdf.Stream(
        made, drawn.getvalue(), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=plain.width,
        Height=plain.height, ColorSpace=pikepdf.Name.DeviceRGB, BitsPerComponent=8, Filter=pikepdf.Name.DCTDecode,
    )  # fmt: skip
    paper = A4 if plain.height >= plain.width else A4[::-1]
    scale = min(paper[0] / plain.width, paper[1] / plain.height)
    size = (max(round(plain.width * scale, 2), LEAST), max(round(plain.height * scale, 2), LEAST))
    return _form(made, f"q {size[0]} 0 0 {size[1]} 0 0 cm /I Do Q", size, XObject={"/I": shown}), size


def _mark(made: pikepdf.Pdf, lines: list[str]) -> Any:
    """The lines as a mask through which colour is poured; what fonts the viewer has does not matter."""
    font = _font(LETTER * SCALE)
    boxes = [font.getbbox(line) for line in lines]
    width, step = int(max(box[2] for box in boxes)) + 2 * SCALE, round(LETTER * SCALE * 1.5)
    mask = Image.new("1", (width, step * len(lines)), 1)
    draw = ImageDraw.Draw(mask)
    for place, line in enumerate(lines):
        draw.text((SCALE, place * step), line, font=font, fill=0)
    return made.make_stream(
        mask.tobytes(), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=mask.width, Height=mask.height,
        ImageMask=True, BitsPerComponent=1,
    )  # fmt: skip


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Raises Problem when it is not installed (fonts-noto-cjk)."""
    faces = (ImageFont.truetype(FONT, size, index=index) for index in range(10))
    try:
        return next(face for face in faces if face.getname()[0] == FAMILY)
    except (OSError, StopIteration) as error:
        raise Problem("no-font") from error


def _tiled(made: pikepdf.Pdf, mark: Any, size: tuple[float, float]) -> Any:
    """The mark all over a page of this size, once at least: slanting, row by row, every second row set off."""
    width, height = float(mark.Width) / SCALE, float(mark.Height) / SCALE
    fit = min(1.0, 0.9 * min(size[0] / (width * TURN[0]), size[1] / (width * TURN[1])))
    width, height = width * fit, height * fit
    across, up = width * 1.15, max(height * 5, 60 * fit)
    pieces, slant = ["q /S gs", f"{GREY} g"], f"{TURN[0]} {TURN[1]} {-TURN[1]} {TURN[0]}"
    rows, columns = int(size[1] // up) + 2, int(size[0] // across) + 2
    for row in range(-1, min(rows, 400)):
        for column in range(-1, min(columns, 400)):
            x, y = column * across + (row % 2) * across / 2, row * up + up / 4
            pieces.append(f"q {slant} {x:.1f} {y:.1f} cm {width:.2f} 0 0 {height:.2f} 0 0 cm /M Do Q")
    pieces.append("Q")
    state = pikepdf.Dictionary(Type=pikepdf.Name.ExtGState, ca=OPACITY)
    return _form(made, " ".join(pieces), size, XObject={"/M": mark}, ExtGState={"/S": state})


def _form(made: pikepdf.Pdf, drawing: str, size: tuple[float, float], **resources: dict[str, Any]) -> Any:
    return made.make_stream(
        drawing.encode(), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, FormType=1,
        BBox=pikepdf.Array([0, 0, *size]),
        Resources=pikepdf.Dictionary({f"/{kind}": pikepdf.Dictionary(held) for kind, held in resources.items()}),
    )  # fmt: skip


def _add_page(made: pikepdf.Pdf, form: Any, over: Any, size: tuple[float, float]) -> None:
    page = made.add_blank_page(page_size=size)
    page.add_overlay(form, pikepdf.Rectangle(0, 0, *size))
    page.add_overlay(over, pikepdf.Rectangle(0, 0, *size))


def _answer(content: bytes, order: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        made = stamped(content, order)
    except Problem as problem:
        return {"problem": str(problem)}, b""
    except pikepdf.PasswordError:
        return {"problem": "encrypted"}, b""
    except (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return {"problem": "too-large"}, b""
    except Exception as error:  # noqa: BLE001 - whatever a parser says of a stranger's file, the file is at fault
        return {"problem": "damaged", "error": type(error).__name__}, b""
    return {"bytes": len(made)}, made


def serve(asking: BinaryIO, answering: BinaryIO) -> None:
    order = json.loads(asking.read(int.from_bytes(asking.read(LENGTH))))
    told, made = _answer(asking.read(order["size"]), order)
    text = json.dumps(told).encode()
    answering.write(len(text).to_bytes(LENGTH) + text)
    answering.write(made)
    answering.flush()


def main() -> None:
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answering:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
        serve(sys.stdin.buffer, answering)


if __name__ == "__main__":
    main()
