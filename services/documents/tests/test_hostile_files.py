"""What comes in broken, oversized or in bad faith: a clear refusal or an honest flag, in bounded memory and time."""

import base64
import io
import struct
import tracemalloc
import uuid
import zipfile
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from documents import resources
from documents.files import kinds
from documents.files.ends import COMPOUND, Directories, least

MEGABYTE = 1024 * 1024


def pdf_of(pages: int = 1, **saved: Any) -> bytes:
    made = io.BytesIO()
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page()
        document.save(made, **saved)
    return made.getvalue()


def bomb() -> bytes:
    """300 MB of zeros in 300 KB."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros", "w") as zeros:
        for _ in range(300):
            zeros.write(bytes(MEGABYTE))
    return made.getvalue()


def locked_zip() -> bytes:
    """An archive whose first entry says that it is encrypted."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("letter.txt", "正文")
    content = bytearray(made.getvalue())
    content[6] |= 1
    return bytes(content)


@pytest.mark.parametrize("kind", ["application/pdf", "application/zip", "image/png", "image/jpeg"])
async def test_a_file_whose_end_is_missing_is_refused(desk: Any, kind: str) -> None:
    whole = {
        "application/pdf": pdf_of(50),
        "application/zip": bomb(),
        "image/png": b"\x89PNG\r\n\x1a\n" + bytes(5000) + b"IEND\xaeB`\x82",
        "image/jpeg": b"\xff\xd8\xff\xe0" + bytes(5000) + b"\xff\xd9",
    }[kind]
    cut = await desk.put(whole[: len(whole) // 2], kind)
    assert (cut.status_code, desk.slug_of(cut)) == (422, "truncated-file")
    assert (desk.spools(), desk.objects()) == ([], [])
    assert (await desk.put(whole, kind)).status_code == 201


def tiff_of(pages: int = 1, mode: str = "L", **saved: Any) -> bytes:
    made = io.BytesIO()
    sheets = [Image.effect_noise((300, 400), 60).convert(mode) for _ in range(pages)]
    sheets[0].save(made, "TIFF", save_all=True, append_images=sheets[1:], **saved)
    return made.getvalue()


def webp() -> bytes:
    made = io.BytesIO()
    Image.effect_noise((200, 200), 60).save(made, "WEBP")
    return made.getvalue()


def compound() -> bytes:
    """An OLE file of eight sectors: its directory is the seventh, its table the eighth, as Word leaves them."""
    header = bytearray(COMPOUND.ljust(512, b"\xff"))
    header[30:32] = (9).to_bytes(2, "little")
    header[48:52], header[76:80] = (6).to_bytes(4, "little"), (7).to_bytes(4, "little")
    return bytes(header) + bytes(8 * 512)


# directories before the pictures, or behind them, one after each page, pictures in many strips
WITHOUT_A_MARK = {
    "TIFF": tiff_of(), "TIFF of three pages": tiff_of(3), "fax": tiff_of(3, "1", compression="group4"),
    "LZW": tiff_of(2, "RGB", compression="tiff_lzw"), "strips": tiff_of(1, "RGB", strip_size=4096),
    "WebP": webp(), "Word": compound(),
}  # fmt: skip


def looks_whole(content: bytes, step: int) -> bool:
    directories = Directories()
    for start in range(0, len(content), step):
        directories.update(content[start : start + step])
    return directories.are_in(len(content)) and len(content) >= least(content[: kinds.HEAD])


@pytest.mark.parametrize("name", WITHOUT_A_MARK)
@pytest.mark.parametrize("step", [1000, 64 * 1024])
def test_a_file_without_a_mark_at_its_end_says_itself_how_long_it_is(name: str, step: int) -> None:
    content = WITHOUT_A_MARK[name]
    assert looks_whole(content, step)
    for tenths in range(1, 9):
        assert not looks_whole(content[: len(content) * tenths // 10], step)


async def test_a_cut_scan_is_refused_and_the_whole_one_is_kept(desk: Any) -> None:
    content = WITHOUT_A_MARK["fax"]
    cut = await desk.put(content[: len(content) * 2 // 3], "image/tiff")
    assert (cut.status_code, desk.slug_of(cut)) == (422, "truncated-file")
    assert (await desk.put(content, "image/tiff")).status_code == 201


@settings(max_examples=60)
@given(
    order=st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]), rest=st.binary(max_size=400),
    step=st.integers(1, 50),
)  # fmt: skip
def test_a_hostile_picture_that_comes_in_pieces_is_looked_at_no_harder_than_in_one(
    order: bytes, rest: bytes, step: int
) -> None:
    content = order + rest
    directories = Directories()
    directories.update(content)
    pieces = Directories()
    for start in range(0, len(content), step):
        pieces.update(content[start : start + step])
    assert pieces.are_in(len(content)) or not directories.are_in(len(content))


def test_a_picture_of_endless_directories_is_looked_at_in_bounded_memory() -> None:
    one = struct.pack("<H", 512) + struct.pack("<HHII", 273, 4, 100, 2**32 - 16) * 512
    directories = Directories()
    directories.update(b"II*\0" + struct.pack("<I", 8))
    tracemalloc.start()
    try:
        for number in range(1, 400):
            directories.update(one + struct.pack("<I", 8 + number * (len(one) + 4)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEGABYTE


@pytest.mark.parametrize("name", ["page.jpg", "letter.pdf.exe", "letter.js", "macros.docm", "page.html"])
async def test_a_name_that_would_have_it_opened_as_something_else_is_refused(desk: Any, pdf: bytes, name: str) -> None:
    answer = await desk.put(pdf, name=f"attachment; filename*=UTF-8''{quote(name)}")
    assert (answer.status_code, desk.slug_of(answer)) == (415, "extension-mismatch")
    assert answer.json()["expected"] == ["pdf"]


async def test_a_gigabyte_is_refused_after_the_limit_in_bounded_memory(desk: Any, pdf: bytes) -> None:
    taken = 0

    async def gigabyte() -> AsyncIterator[bytes]:
        nonlocal taken
        yield pdf
        for _ in range(1024 * 4):
            taken += MEGABYTE // 4
            yield bytes(MEGABYTE // 4)

    limit = resources.of(desk.running.runtime).settings.max_file_bytes
    await desk.put()  # imports and pools are in place
    tracemalloc.start()
    try:
        answer = await desk.put(gigabyte())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (answer.status_code, desk.slug_of(answer)) == (413, "too-large")
    assert taken <= limit + MEGABYTE
    assert peak < 20 * MEGABYTE
    assert desk.spools() == []


async def test_a_decompression_bomb_is_kept_as_it_is_and_never_unpacked(desk: Any) -> None:
    content = bomb()
    await desk.put()
    tracemalloc.start()
    try:
        stored = await desk.put(content, "application/zip")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (stored.status_code, stored.json()["bytes"]) == (201, len(content))
    assert peak < 20 * MEGABYTE


@pytest.mark.parametrize(
    ("content", "kind", "encrypted"),
    [
        (pdf_of(), "application/pdf", False),
        (pdf_of(encryption=pikepdf.Encryption(owner="o", user="u")), "application/pdf", True),
        (
            pdf_of(
                encryption=pikepdf.Encryption(owner="o", user="u", R=6),
                object_stream_mode=pikepdf.ObjectStreamMode.generate,
            ),
            "application/pdf",
            True,
        ),
        (locked_zip(), "application/zip", True),
    ],
)
async def test_what_needs_a_password_is_kept_as_it_is_and_says_so(
    desk: Any, content: bytes, kind: str, encrypted: bool
) -> None:
    stored = await desk.put(content, kind)
    assert (stored.status_code, stored.json()["encrypted"]) == (201, encrypted)
    assert (await desk.get("files", stored.json()["file_id"])).content == content
    (listed,) = (await desk.get("files")).json()["items"]
    assert listed["encrypted"] is encrypted


async def test_only_the_kinds_that_an_operator_allows_are_taken(desk: Any, pdf: bytes) -> None:
    held = resources.of(desk.running.runtime)
    held.settings = held.settings.model_copy(update={"kinds": frozenset({"image"})})
    answer = await desk.put(pdf)
    assert (answer.status_code, desk.slug_of(answer)) == (415, "unsupported-media")
    assert {each.partition("/")[0] for each in answer.json()["accepted"]} == {"image"}


async def test_a_large_file_in_parts_passes_through_bounded_memory(desk: Any) -> None:
    size, file_id = 50 * MEGABYTE, uuid.uuid4()

    async def large() -> AsyncIterator[bytes]:
        yield b"%PDF-1.7".ljust(MEGABYTE // 4)
        for _ in range(50 * 4 - 2):
            yield bytes(MEGABYTE // 4)
        yield b"%%EOF".rjust(MEGABYTE // 4)

    metadata = base64.b64encode(str(file_id).encode()).decode()
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(size), "Upload-Metadata": f"file_id {metadata}"}
    await desk.put()
    begun = await desk.running.request("POST", desk.path("uploads"), headers=headers)
    assert begun.status_code == 201
    sent = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    tracemalloc.start()
    try:
        path = desk.path("uploads", file_id)
        answer = await desk.running.request("PATCH", path, headers=sent, content=large())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(size))
    assert peak < 20 * MEGABYTE
