"""Pages put in order and filed as one searchable PDF: real tesseract, pikepdf and PostgreSQL."""

import asyncio
import io
import json
import uuid
from typing import Any

import asyncpg
import pikepdf
import pypdfium2
import pytest
from PIL import Image
from tests.support.binding import Binder
from tests.support.nodes import token
from tests.support.scans import LETTER, blank_pdf, saved, scan

from contracts.events import FileState

LEADER = token("330225-xf", "33.02.25", ["leader"], subject="county-leader")


def texts(pdf: bytes) -> list[str]:
    """What a reader of PDFs finds when it searches each page."""
    document = pypdfium2.PdfDocument(pdf)
    return [document[number].get_textpage().get_text_bounded() for number in range(len(document))]


def widths(pdf: bytes) -> list[int]:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return [int(page.mediabox[2]) for page in opened.pages]


async def test_photographs_become_one_searchable_pdf_that_is_an_ordinary_file(binder: Binder) -> None:
    photographs = [await binder.upload(saved(scan(*lines)), "image/png") for lines in (LETTER, ("第二页到此为止",))]
    bundle = await binder.made(*photographs)
    assert (bundle["state"], bundle["progress"]) == ("draft", {"done": 0, "of": 2})
    filed = await binder.filed(bundle)
    assert (filed["state"], filed["progress"]) == ("filed", {"done": 2, "of": 2})
    pdf = await binder.pdf(filed)
    first, second = texts(pdf)
    assert "33022519800101123X" in first
    assert "幸福路5号" in first
    assert "第二页到此为止" in second
    (listed,) = [f for f in (await binder.desk.get("files")).json()["items"] if f["file_id"] == filed["file_id"]]
    assert (listed["name"], listed["media_type"], listed["bytes"]) == ("来信.pdf", "application/pdf", len(pdf))
    event = (await binder.desk.running.events())[-1]
    state: FileState = event.data
    assert (event.type, str(state.file_id), event.version) == ("documents.file.stored.v1", filed["file_id"], 3)


async def test_pages_are_ordered_turned_and_left_out(binder: Binder) -> None:
    file_id, other = await binder.upload(blank_pdf(4)), await binder.upload(blank_pdf(1))
    bundle = await binder.made(file_id, other)
    assert [(p["file_id"], p["page"]) for p in bundle["pages"]] == [*((file_id, n) for n in (1, 2, 3, 4)), (other, 1)]
    answer = await binder.arrange(bundle, [(file_id, 3, 90), (other, 1), (file_id, 1, 180)])
    assert answer.status_code == 200
    pdf = await binder.pdf(await binder.filed(answer.json()))
    assert widths(pdf) == [503, 501, 501]
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert [int(page.obj.get("/Rotate", 0)) for page in opened.pages] == [90, 0, 180]


async def test_a_page_list_is_refused_when_it_is_stale_or_names_what_is_not_there(binder: Binder) -> None:
    file_id = await binder.upload(blank_pdf(2))
    bundle = await binder.made(file_id)
    assert (await binder.arrange(bundle, [(file_id, 2)])).status_code == 200
    stale = await binder.arrange(bundle, [(file_id, 1)])
    assert (stale.status_code, binder.desk.slug_of(stale)) == (409, "version-conflict")
    bundle = await binder.read(bundle["bundle_id"])
    for pages in ([(file_id, 3)], [(file_id, 1), (file_id, 1)], [(str(uuid.uuid4()), 1)]):
        assert binder.desk.slug_of(await binder.arrange(bundle, pages)) == "no-such-page"
    assert (await binder.arrange(bundle, [])).status_code == 422
    assert (await binder.arrange(bundle, [(file_id, 1, 45)])).status_code == 422


async def test_what_is_filed_stays_as_it_is_for_people_and_for_sql(binder: Binder) -> None:
    file_id = await binder.upload(blank_pdf(2))
    filed = await binder.filed(await binder.made(file_id))
    assert binder.desk.slug_of(await binder.arrange(filed, [(file_id, 1)])) == "bundle-not-draft"
    for statement in (
        "UPDATE bundles SET file_id = NULL, state = 'draft'",
        "DELETE FROM bundle_pages",
        "UPDATE bundle_pages SET page = 1",
        "INSERT INTO bundle_pages SELECT bundle_id, 9, file_id, 1, 0 FROM bundle_pages LIMIT 1",
        "DELETE FROM bundles",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await binder.desk.running.rows(statement)
    (entry,) = [
        row for row in await binder.desk.running.rows("SELECT * FROM audit") if "pages" in (row["detail"] or "")
    ]
    detail = json.loads(entry["detail"])
    assert (entry["action"], detail["bundle"], detail["file"]) == ("store-file", filed["bundle_id"], filed["file_id"])


async def test_a_photograph_taken_sideways_stands_upright_and_is_read(binder: Binder) -> None:
    by_exif, lying = scan(turned=90), scan(turned=90)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to show
    photographs = [
        await binder.upload(saved(by_exif, "JPEG", exif=exif), "image/jpeg"),
        await binder.upload(saved(lying), "image/png"),
    ]
    bundle = await binder.made(*photographs)
    answer = await binder.arrange(bundle, [(photographs[0], 1), (photographs[1], 1, 90)])
    pdf = await binder.pdf(await binder.filed(answer.json()))
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert all(page.mediabox[2] > page.mediabox[3] for page in opened.pages)
    assert all("33022519800101123X" in text for text in texts(pdf))


async def test_the_text_of_a_turned_pdf_page_lies_where_it_is_seen(binder: Binder) -> None:
    content = io.BytesIO()
    scan(turned=90).save(content, "PDF", resolution=150)
    file_id = await binder.upload(content.getvalue())
    bundle = await binder.made(file_id)
    turned = (await binder.arrange(bundle, [(file_id, 1, 90)])).json()
    page = pypdfium2.PdfDocument(await binder.pdf(await binder.filed(turned)))[0]
    text = page.get_textpage()
    assert "33022519800101123X" in text.get_text_bounded()
    image = page.render(scale=1).to_pil().convert("L")
    ink = image.point(lambda value: 255 if value < 128 else 0).getbbox()
    assert ink is not None
    boxes = [
        page_box(page, text.get_charbox(at)) for at in range(text.count_chars()) if text.get_text_range(at, 1).strip()
    ]
    drawn = (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))
    assert all(abs(seen - found) < 15 for seen, found in zip(ink, drawn, strict=True)), (ink, drawn)


def page_box(page: Any, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Where a box of a PDF page that is turned clockwise by 90 degrees lies on the picture of it."""
    left, bottom, right, top = box
    assert page.get_rotation() == 90
    return bottom, left, top, right


async def test_a_page_that_lies_askew_is_straightened(binder: Binder) -> None:
    file_id = await binder.upload(saved(scan(askew=3)), "image/png")
    pdf = await binder.pdf(await binder.filed(await binder.made(file_id)))
    image = pypdfium2.PdfDocument(pdf)[0].render(scale=2).to_pil().convert("L")
    rows = image.resize((1, image.height), Image.Resampling.BOX).tobytes()
    assert sum(row > 250 for row in rows) > image.height // 3  # there is white between the lines


async def test_thumbnails_are_small_pictures_and_seeing_one_is_recorded(binder: Binder) -> None:
    file_id = await binder.upload(blank_pdf(2))
    bundle = await binder.made(file_id)
    answer = await binder.desk.get("bundles", f"{bundle['bundle_id']}/files/{file_id}/pages/2/thumbnail", who=LEADER)
    assert answer.headers["content-type"] == "image/jpeg"
    assert max(Image.open(io.BytesIO(answer.content)).size) == 360
    (reading,) = await binder.desk.running.rows("SELECT * FROM audit WHERE action = 'read-thumbnail'")
    assert (reading["actor"], json.loads(reading["detail"])) == ("county-leader", {"file": file_id, "page": "2"})
    for missing in (f"{file_id}/pages/3", f"{uuid.uuid4()}/pages/1"):
        gone = await binder.desk.get("bundles", f"{bundle['bundle_id']}/files/{missing}/thumbnail")
        assert binder.desk.slug_of(gone) == "not-found"


async def test_nobody_outside_the_scope_and_no_accused_unit_reaches_a_bundle(binder: Binder, neighbour: str) -> None:
    file_id = await binder.upload(blank_pdf(1))
    bundle = await binder.made(file_id)
    mine = bundle["bundle_id"]
    accused = token("330225-js", "33.02.25", ["clerk", "handler"])
    await binder.desk.hears_of(binder.desk.petition, accused_units=["330225-js"])
    await binder.desk.running.rows("UPDATE petitions SET registered_accused = '{330225-js}'")
    for who in (neighbour, accused):
        for thing in (
            "",
            f"{mine}",
            f"{mine}/files/{file_id}/pages/1/thumbnail",
            f"{mine}/pages/1/text",
            f"{mine}/proposal",
        ):
            answer = await binder.desk.get("bundles", thing, who=who)
            assert answer.status_code == 404, thing
        assert (await binder.arrange(bundle, [(file_id, 1)], who=who)).status_code == 404
        assert (await binder.post(f"{mine}/filing", {"version": 2, "name": "x"}, who=who)).status_code == 404
        assert (await binder.post("", {"file_ids": [file_id]}, who=who)).status_code == 404


async def test_files_of_another_petition_are_not_found(binder: Binder) -> None:
    other = uuid.uuid4()
    await binder.desk.hears_of(other)
    foreign = (await binder.desk.put(petition=other)).json()["file_id"]
    assert binder.desk.slug_of(await binder.post("", {"file_ids": [foreign]})) == "not-found"


async def test_a_file_that_was_looked_at_for_one_bundle_is_not_looked_at_again(binder: Binder) -> None:
    file_id = await binder.upload(blank_pdf(3))
    await binder.made(file_id)
    again = (await binder.post("", {"file_ids": [file_id]})).json()
    assert (again["state"], len(again["pages"])) == ("draft", 3)


async def test_several_processes_share_the_work_and_do_none_of_it_twice(binder: Binder) -> None:
    photographs = [await binder.upload(saved(scan(f"第{n}张照片")), "image/png") for n in range(4)]
    bundle = (await binder.post("", {"file_ids": photographs})).json()
    await asyncio.gather(*(binder.work() for _ in range(3)))
    bundle = await binder.read(bundle["bundle_id"])
    assert (await binder.file(bundle)).status_code == 202
    await asyncio.gather(*(binder.work() for _ in range(3)))
    assert (await binder.read(bundle["bundle_id"]))["state"] == "filed"
    assert len((await binder.desk.get("files")).json()["items"]) == 5
    assert await binder.desk.running.rows("SELECT * FROM page_work") == []
