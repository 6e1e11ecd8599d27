"""A dossier of 300 pages: photographs and scanned PDFs, bound, numbered, signed and kept."""

import asyncio
import io
import time
import uuid
from collections.abc import Iterator

import httpx
import pikepdf
from deploy.bench.documents.desk import Desk, desk
from deploy.bench.figures import Figure, limit
from deploy.bench.footprint import processor_time
from deploy.bench.ground import Ground
from PIL import Image, ImageDraw

PAGES, OF_A_SCAN = 300, 20  # a third of the pages are photographs, the others come in PDFs
BELOW = 30  # seconds
PATIENCE = 300
LOOK = 0.1  # seconds between two looks whether it is ready
PHOTOGRAPH, SCAN = (3000, 4000), (1654, 2339)  # pixels: 12 million, and A4 at 200 dpi
PURPOSE = "测量"


def measure(ground: Ground, *, pages: int = PAGES) -> list[Figure]:
    """From the request until it can be fetched; the files are in the store already."""
    opened = asyncio.run(desk(ground))
    with opened.serving("all") as (url, pid), opened.client(url) as client:
        for kind, content in _files(pages):
            headers = {"Content-Type": kind}
            client.put(f"{opened.path('files')}/{uuid.uuid4()}", content=content, headers=headers).raise_for_status()
        before = processor_time(pid, ended=True)
        seconds, size = _made(client, opened)
        used = processor_time(pid, ended=True) - before
    return [
        limit(
            "dossier", f"a dossier of {pages} pages", unit="s", below=BELOW, value=seconds,
            note=f"{pages // 3} photographs and {pages - pages // 3} scanned pages, {size / 1e6:,.0f} MB",
            more={"cpu_seconds": round(used, 2)},
        )
    ]  # fmt: skip


def _made(client: httpx.Client, opened: Desk) -> tuple[float, int]:
    """Seconds, and bytes of the archive. Raises RuntimeError when it is not made."""
    started = time.perf_counter()
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    asked = client.post(opened.path("dossiers"), json={"purpose": PURPOSE}, headers=headers).raise_for_status().json()
    while time.perf_counter() - started < PATIENCE:
        told = client.get(f"{opened.path('dossiers')}/{asked['dossier_id']}").raise_for_status().json()
        if told["state"] == "ready":
            return time.perf_counter() - started, told["bytes"]
        if told["why_en"]:
            raise RuntimeError(f"the dossier was not made: {told['why_en']}")
        time.sleep(LOOK)
    raise RuntimeError("the dossier was not made in time")


def _files(pages: int) -> Iterator[tuple[str, bytes]]:
    photograph = _picture(PHOTOGRAPH)
    for number in range(pages // 3):
        yield "image/jpeg", _jpeg(photograph, number)
    page = _picture(SCAN).convert("L")
    for first in range(pages // 3, pages, OF_A_SCAN):
        yield "application/pdf", _scan(page, range(first, min(first + OF_A_SCAN, pages)))


def _picture(size: tuple[int, int]) -> Image.Image:
    """Paper as a camera sees it: light that falls off, grain, lines of writing."""
    light = Image.radial_gradient("L").resize(size).point(lambda value: 250 - value // 4)
    grain = Image.effect_noise((size[0] // 2, size[1] // 2), 24).resize(size)
    picture = Image.blend(light, grain, 0.15).convert("RGB")
    draw = ImageDraw.Draw(picture)
    for top in range(size[1] // 10, size[1] * 9 // 10, size[1] // 40):
        for left in range(size[0] // 10, size[0] * 9 // 10, size[0] // 30):
            draw.line((left, top, left + size[0] // 50, top + (left * top) % 40), fill=(40, 40, 60), width=6)
    return picture


def _jpeg(picture: Image.Image, number: int) -> bytes:
    """No two are the same."""
    ImageDraw.Draw(picture).text((100, 60), f"{number}", fill=(0, 0, 0) if picture.mode == "RGB" else 0, font_size=60)
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=80, comment=f"{number}")
    return written.getvalue()


def _scan(page: Image.Image, numbers: range) -> bytes:
    pdf = pikepdf.new()
    for number in numbers:
        image = pikepdf.Stream(
            pdf, _jpeg(page, number), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=SCAN[0],
            Height=SCAN[1], ColorSpace=pikepdf.Name.DeviceGray, BitsPerComponent=8, Filter=pikepdf.Name.DCTDecode,
        )  # fmt: skip
        pdf.add_blank_page(page_size=(595, 842))
        pdf.pages[-1].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Image=image))
        pdf.pages[-1].Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /Image Do Q")
    written = io.BytesIO()
    pdf.save(written)
    return written.getvalue()
