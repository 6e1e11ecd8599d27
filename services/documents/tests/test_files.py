"""Storing and reading files, over HTTP, on a real database and a directory store."""

import asyncio
import hashlib
import io
import json
import os
import uuid
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.support.nodes import token

from contracts.events import FileState
from documents import resources


def office_file() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return content.getvalue()


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FILM = b"\0\0\0\x20ftypisom\0\0\2\0isomiso2mp41" + bytes(1000)
KINDS = {
    "application/pdf": b"%PDF-1.4 and so on %%EOF",
    "image/png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR...IEND\xaeB`\x82",
    "image/jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF...\xff\xd9",
    "image/tiff": b"II*\0\x08\0\0\0" + bytes(6),
    "image/webp": b"RIFF\x0a\0\0\0WEBPVP8 \0\0",
    "text/plain": "门前道路积水三个月。\n".encode(),
    "text/plain; charset=gb18030": "门前道路积水三个月。\r\n".encode("gb18030"),
    "application/zip": office_file(),
    DOCX: office_file(),
    "application/msword": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1528),
    "audio/mpeg": b"ID3\x04" + bytes(500),
    "video/mp4": FILM,
}


async def test_a_stored_file_is_listed_read_and_told(desk: Any, pdf: bytes) -> None:
    file_id = uuid.uuid4()
    answer = await desk.put(file_id=file_id, name="attachment; filename*=UTF-8''" + quote("来信第1页.pdf"))
    assert answer.status_code == 201
    file = answer.json()
    digest = hashlib.sha256(pdf).hexdigest()
    assert (file["file_id"], file["name"], file["bytes"], file["sha256"]) == (
        str(file_id),
        "来信第1页.pdf",
        len(pdf),
        digest,
    )
    assert (await desk.get("files")).json() == {"items": [file], "next": None}
    read = await desk.get("files", file_id)
    assert (read.status_code, read.content) == (200, pdf)
    (event,) = await desk.running.events()
    state: FileState = event.data
    assert (event.type, event.subject, event.version) == ("documents.file.stored.v1", desk.petition, 1)
    assert (state.sha256, state.bytes, state.media_type) == (digest, len(pdf), "application/pdf")


async def test_a_file_is_given_out_as_an_attachment_that_no_browser_guesses_at(desk: Any) -> None:
    stored = (await desk.put(name='attachment; filename="page 1.pdf"')).json()
    read = await desk.get("files", stored["file_id"])
    assert read.headers["content-disposition"] == "attachment; filename*=UTF-8''page%201.pdf"
    assert read.headers["x-content-type-options"] == "nosniff"
    assert read.headers["cache-control"] == "no-store"
    assert read.headers["content-length"] == str(stored["bytes"])
    assert read.headers["content-type"] == "application/pdf"


@pytest.mark.parametrize("media_type", KINDS)
async def test_files_of_every_accepted_kind_are_kept_byte_for_byte(desk: Any, media_type: str) -> None:
    stored = await desk.put(KINDS[media_type], media_type)
    assert stored.status_code == 201
    assert (await desk.get("files", stored.json()["file_id"])).content == KINDS[media_type]


async def test_the_same_content_in_two_files_is_one_object(desk: Any, pdf: bytes) -> None:
    stored = [(await desk.put()).json() for _ in range(3)]
    assert len(desk.objects()) == 1
    for file in stored:
        assert (await desk.get("files", file["file_id"])).content == pdf


async def test_sequences_grow_with_each_file(desk: Any, pdf: bytes) -> None:
    await asyncio.gather(*(desk.put(pdf + bytes([n])) for n in range(10)))
    assert sorted(event.version for event in await desk.running.events()) == list(range(1, 11))


async def test_nothing_in_the_store_the_database_or_the_events_shows_the_name_or_the_content(desk: Any) -> None:
    content = "张三丰,身份证一一〇一".encode()
    await desk.put(content, "text/plain", name="attachment; filename*=UTF-8''" + quote("张三丰.txt"))
    (kept,) = desk.objects()
    digest = hashlib.sha256(content).hexdigest()
    assert content not in kept.read_bytes()
    assert digest not in str(kept)
    (row,) = await desk.running.rows("SELECT * FROM files")
    (sent,) = await desk.running.sent()
    assert "张三丰" not in repr(dict(row)) + sent["body"].decode()
    assert "张三丰".encode() not in row["name"]


async def test_pages_of_files_follow_each_other_in_the_order_of_storing(desk: Any, pdf: bytes) -> None:
    stored = [(await desk.put(pdf + bytes([n]))).json()["file_id"] for n in range(7)]
    listed: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        more = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = (await desk.get("files", params=more)).json()
        listed += [item["file_id"] for item in page["items"]]
        cursor = page["next"]
    assert listed == stored


async def test_a_cursor_that_nobody_gave_out_is_harmless(desk: Any) -> None:
    await desk.put()
    beyond = await desk.get("files", params={"cursor": "_" * 22})
    broken = await desk.get("files", params={"cursor": "x"})
    assert (beyond.json()["items"], broken.status_code) == ([], 422)


async def test_every_reading_is_recorded_with_who_and_what(desk: Any) -> None:
    file_id = (await desk.put()).json()["file_id"]
    await desk.get("files", file_id)
    await desk.get("files", file_id, who=token("330225-xf", "33.02.25", ["leader"], subject="county-leader"))
    stored, *readings = await desk.running.rows("SELECT * FROM audit ORDER BY id")
    assert (stored["action"], stored["before"], stored["after"]) == ("store-file", 0, 1)
    assert json.loads(stored["detail"])["file"] == file_id
    assert [(row["actor"], row["unit"]) for row in readings] == [
        ("tester", "330225100-xf"),
        ("county-leader", "330225-xf"),
    ]
    assert {(row["action"], row["detail"], row["subject"]) for row in readings} == {
        ("read-file", f'{{"file":"{file_id}"}}', desk.petition)
    }


def swap(one: Path, other: Path) -> None:
    first = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(first)


async def test_a_file_that_vanished_or_was_altered_or_swapped_in_the_store_is_never_given_out(
    desk: Any, pdf: bytes
) -> None:
    ids = [(await desk.put(pdf + bytes([n]))).json()["file_id"] for n in range(2)]
    one, other = desk.objects()
    swap(one, other)
    for file_id in ids:
        assert desk.slug_of(await desk.get("files", file_id)) == "content-damaged"
    swap(one, other)
    assert {(await desk.get("files", file_id)).status_code for file_id in ids} == {200}
    one.write_bytes(one.read_bytes()[:-1])
    other.unlink()
    for file_id in ids:
        answer = await desk.get("files", file_id)
        assert (answer.status_code, desk.slug_of(answer)) == (500, "content-damaged")


async def test_damage_far_into_a_file_ends_the_answer_short(desk: Any, pdf: bytes) -> None:
    content = pdf + os.urandom(1_000_000) + pdf
    file_id = (await desk.put(content)).json()["file_id"]
    (kept,) = desk.objects()
    kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    read = await desk.get("files", file_id)
    assert int(read.headers["content-length"]) == len(content)
    assert len(read.content) < len(content)
    assert content.startswith(read.content)


async def test_a_store_that_is_away_is_told_as_unavailable_and_the_same_upload_then_succeeds(
    desk: Any, s3_shelf: Any
) -> None:
    held = resources.of(desk.running.runtime)
    file_id, directory = uuid.uuid4(), held.vault.store
    away = s3_shelf.settings.model_copy(update={"endpoint": "127.0.0.1:1"})
    held.vault.store = type(s3_shelf.store)(away, s3_shelf.incoming, held.threads)
    answer = await desk.put(file_id=file_id)
    assert (answer.status_code, desk.slug_of(answer)) == (503, "unavailable")
    assert s3_shelf.leftovers() == 0
    held.vault.store = directory
    assert (await desk.put(file_id=file_id)).status_code == 201


async def test_the_same_service_works_on_s3(desk: Any, pdf: bytes, s3_shelf: Any) -> None:
    resources.of(desk.running.runtime).vault.store = s3_shelf.store
    content = pdf + os.urandom(7_000_000) + pdf
    file_id = (await desk.put(content)).json()["file_id"]
    assert (await desk.get("files", file_id)).content == content
    (kept,) = s3_shelf.objects()
    assert content[:1000] not in kept
