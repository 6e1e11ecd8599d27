"""Files that want to harm: each is refused with its reason, in bounded time and memory, and the others go on."""

import asyncio
import io
import socket
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pikepdf
import pytest
from PIL import Image
from tests.support.binding import Binder
from tests.support.scans import blank_pdf, bomb_png, saved, scan

from documents import resources
from documents.pages.settings import PagesSettings
from documents.pages.tools import Tools, Unfit
from kit.testing import eventually

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def encrypted_pdf() -> bytes:
    return blank_pdf(1, encryption=pikepdf.Encryption(user="secret", owner="secret"))


def zip_file() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a.txt", "text")
    return content.getvalue()


def written(*paragraphs: str) -> bytes:
    content, document = io.BytesIO(), docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    document.save(content)
    return content.getvalue()


def cut(content: bytes, end: int) -> bytes:
    """Without its middle: the last bytes are there."""
    return content[:9000] + content[-end:]


def torn(content: bytes) -> bytes:
    """Its middle overwritten: it is as long as it says."""
    third = len(content) // 3
    return content[:third] + bytes(third) + content[2 * third :]


# how each is made, sent, and refused: at the door, or when its pages are looked at
HOSTILE: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "truncated JPEG": (lambda: saved(scan(), "JPEG")[:9000], "image/jpeg", "truncated-file"),
    "truncated PNG": (lambda: saved(scan())[:9000], "image/png", "truncated-file"),
    "PNG without its middle": (lambda: cut(saved(scan()), 12), "image/png", "file-damaged"),
    "truncated TIFF": (lambda: saved(scan(), "TIFF")[:9000], "image/tiff", "truncated-file"),
    "TIFF with a torn middle": (lambda: torn(saved(scan(), "TIFF", compression="jpeg")), "image/tiff", "file-damaged"),
    "bomb": (bomb_png, "image/png", "picture-too-large"),
    "10 000 pages": (lambda: blank_pdf(10_000), "application/pdf", "too-many-pages"),
    "encrypted": (encrypted_pdf, "application/pdf", "file-encrypted"),
    "PDF in name only": (
        lambda: b"%PDF-1.7\n" + bytes(range(256)) * 40 + b"\n%%EOF",
        "application/pdf",
        "file-damaged",
    ),
    "ZIP": (zip_file, "application/zip", "no-pages"),
    "text": ("门前道路积水".encode, "text/plain", "no-pages"),
    "Word in name only": (zip_file, DOCX, "not-converted"),
}


async def test_each_hostile_file_is_refused_by_its_reason_and_the_good_one_has_its_page(binder: Binder) -> None:
    told, files = {}, {}
    for name, (make, kind, _) in HOSTILE.items():
        answer = await binder.desk.put(make(), kind)
        if answer.status_code == 201:
            files[answer.json()["file_id"]] = name
        else:
            told[name] = binder.desk.slug_of(answer)
    good = await binder.upload(saved(scan()), "image/png")
    began = time.monotonic()
    bundle = await binder.made(*files, good)
    assert time.monotonic() - began < 90
    for source in bundle["files"]:
        if source["file_id"] != good:
            told[files[source["file_id"]]] = source["problem"]["slug"]
            assert source["problem"]["title_en"]
    assert told == {name: slug for name, (_, _, slug) in HOSTILE.items()}
    assert [page["file_id"] for page in bundle["pages"]] == [good]
    assert (await binder.desk.get("files")).status_code == 200


async def test_a_zip_that_is_sent_as_pdf_is_not_even_stored(binder: Binder) -> None:
    answer = await binder.desk.put(zip_file(), "application/pdf")
    assert binder.desk.slug_of(answer) == "media-type-mismatch"


async def test_a_bundle_without_any_page_cannot_be_filed(binder: Binder) -> None:
    bundle = await binder.made(await binder.upload(encrypted_pdf()))
    assert binder.desk.slug_of(await binder.file(bundle)) == "no-pages-left"


async def test_more_pages_than_allowed_are_left_out_and_that_is_said(
    binder: Binder, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = resources.of(binder.desk.running.runtime)
    pages = held.settings.pages.model_copy(update={"most_pages": 3})
    monkeypatch.setattr(held, "settings", held.settings.model_copy(update={"pages": pages}))
    files = [await binder.upload(blank_pdf(2)), await binder.upload(saved(scan(), "TIFF"), "image/tiff")]
    files.append(await binder.upload(saved(scan("另一页")), "image/png"))
    bundle = await binder.made(*files)
    assert (len(bundle["pages"]), bundle["problem"]["slug"]) == (3, "too-many-pages")


async def test_the_pages_of_a_tiff_are_pages(binder: Binder) -> None:
    sheets = [scan("一"), scan("二"), scan("三")]
    content = saved(sheets[0], "TIFF", save_all=True, append_images=sheets[1:], compression="tiff_lzw")
    bundle = await binder.made(await binder.upload(content, "image/tiff"))
    assert len(bundle["pages"]) == 3


async def test_scripts_actions_and_files_inside_a_pdf_do_not_come_along(binder: Binder) -> None:
    content = io.BytesIO()
    script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('x')")
    with pikepdf.open(io.BytesIO(blank_pdf(1))) as pdf:
        pdf.Root.OpenAction = script
        pdf.attachments["virus.exe"] = b"MZ"
        page = pdf.pages[0]
        page.obj.AA = pikepdf.Dictionary(O=script)
        mark = {"/Type": pikepdf.Name.Annot, "/Rect": [0, 0, 10, 10]}
        page.obj.Annots = pikepdf.Array([
            pikepdf.Dictionary({**mark, "/Subtype": pikepdf.Name.Link, "/A": script}),
            pikepdf.Dictionary({**mark, "/Subtype": pikepdf.Name.FileAttachment}),
            pikepdf.Dictionary({**mark, "/Subtype": pikepdf.Name.Stamp}),
        ])  # fmt: skip
        pdf.save(content)
    made = await binder.pdf(await binder.filed(await binder.made(await binder.upload(content.getvalue()))))
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert "/OpenAction" not in pdf.Root
        assert "/AA" not in pdf.pages[0].obj
        assert not pdf.attachments
        assert [str(each.Subtype) for each in pdf.pages[0].obj.Annots] == ["/Link", "/Stamp"]
        everything = b"".join(each.unparse() for each in pdf.objects)
    assert b"JavaScript" not in everything


async def test_what_takes_too_much_memory_is_refused_and_not_the_end_of_the_service(tmp_path: Path) -> None:
    tools = Tools(PagesSettings(memory_mb=256), tmp_path)
    (tmp_path / "large.png").write_bytes(bomb_png(10_000))
    with pytest.raises(Unfit, match="file-too-heavy"):
        await tools.craft("look", seconds=60, source=tmp_path / "large.png", media_type="image/png", out=tmp_path,
                          most_pages=10)  # fmt: skip


LONG = """
import subprocess, sys
subprocess.run([sys.executable, "-c", "import os, time; open('began', 'w').write(str(os.getpid())); time.sleep(99)"])
"""


async def test_what_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    tools = Tools(PagesSettings(), tmp_path)
    began = time.monotonic()
    with pytest.raises(Unfit, match="file-too-heavy"):
        await tools._run([sys.executable, "-c", LONG], 3)
    assert time.monotonic() - began < 20
    child = int((tmp_path / "began").read_text())

    async def gone() -> bool:
        return not runs(child)

    await eventually(gone)


def runs(process: int) -> bool:
    """Whether it is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_a_flood_of_answers_and_of_bytes_is_ended(tmp_path: Path) -> None:
    tools = Tools(PagesSettings(most_bytes=1_000_000), tmp_path)
    with pytest.raises(Unfit, match="file-too-heavy"):
        await tools._run([sys.executable, "-c", "while True: print('x' * 9999)"], 20)
    with pytest.raises(Unfit):
        await tools._run([sys.executable, "-c", "open('large', 'wb').write(bytes(9_000_000))"], 20)
    assert (tmp_path / "large").stat().st_size <= 1_000_000


async def test_programs_see_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XQ_DATABASE__URL", "postgresql://secret")
    tools = Tools(PagesSettings(), tmp_path)
    assert b"XQ_" not in await tools._run(["env"], 10)


async def test_an_office_document_becomes_pages_with_the_text_it_has(binder: Binder) -> None:
    text = "信访人李四反映门前道路积水三个月,请求修复,并补偿因积水造成的损失。" * 2
    filed = await binder.filed(await binder.made(await binder.upload(written(text), DOCX)))
    assert (filed["state"], [page["problem"] for page in filed["pages"]]) == ("filed", [None])
    shown = (await binder.desk.get("bundles", f"{filed['bundle_id']}/pages/1/text")).json()["text"]
    assert "门前道路积水三个月" in shown


async def test_where_no_office_is_installed_the_document_is_kept_and_that_is_said(
    binder: Binder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    content = written("一")
    file_id = await binder.upload(content, DOCX)
    with monkeypatch.context() as without:
        without.setenv("PATH", str(tmp_path))
        bundle = await binder.made(file_id)
    assert bundle["files"][0]["problem"]["slug"] == "conversion-not-installed"
    assert (await binder.desk.get("files", file_id)).content == content
    assert len((await binder.made(file_id))["pages"]) == 1  # once it is installed


async def test_a_document_loads_nothing_from_elsewhere(binder: Binder) -> None:
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, family=socket.AF_INET)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x.png"
    async with server:
        await binder.made(await binder.upload(linking(address), DOCX))
    assert asked == []


def linking(address: str) -> bytes:
    """A document with a picture that lies elsewhere."""
    content, document = io.BytesIO(), docx.Document()
    document.add_picture(io.BytesIO(saved(Image.new("RGB", (9, 9)))))
    part = document.part
    outside = part.relate_to(
        address, "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image", is_external=True
    )
    blip: Any = next(each for each in document.element.iter() if each.tag.endswith("}blip"))
    embedded = next(key for key in blip.attrib if key.endswith("}embed"))
    del blip.attrib[embedded]
    blip.set(embedded.replace("}embed", "}link"), outside)
    document.save(content)
    return content.getvalue()
