"""Storing and reading files, over HTTP, on a real database and a directory store."""

import asyncio
import hashlib
import io
import os
import uuid
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.support.nodes import token

from contracts.events import FileState
from documents import resources
from documents.domain import LONGEST_NAME
from documents.resources import Places


def office_file() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return content.getvalue()


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
KINDS = {
    "application/pdf": b"%PDF-1.4 and so on",
    "image/png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "image/jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "image/tiff": b"II*\0\x08\0\0\0",
    "image/webp": b"RIFF\x1a\0\0\0WEBPVP8 ",
    "text/plain": "门前道路积水三个月。\n".encode(),
    "text/plain; charset=gb18030": "门前道路积水三个月。\r\n".encode("gb18030"),
    "application/zip": office_file(),
    DOCX: office_file(),
    "application/msword": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
}


def slug_of(answer: Any) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["title"] != problem["title_en"]  # told in both languages
    return str(problem["type"].removeprefix("urn:xinqiao:problem:"))


def store_of(desk: Any) -> Path:
    root: Path = desk.running.runtime.settings.home / "store"
    return root


def spools(desk: Any) -> list[Path]:
    return list((store_of(desk) / "incoming").iterdir())


def objects(desk: Any) -> list[Path]:
    return [file for file in (store_of(desk) / "objects").rglob("*") if file.is_file()]


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


@pytest.mark.parametrize(
    ("content", "media_type", "slug"),
    [
        (b"MZ\x90\0 a program", "application/pdf", "unsupported-media"),
        (b"MZ\x90\0 a program", "application/octet-stream", "unsupported-media"),
        (b"text with a NUL \0", "text/plain", "unsupported-media"),
        (b"PK\x05\x06" + bytes(18), "application/zip", "unsupported-media"),
        (b"<html><script>", "text/html", "media-type-mismatch"),
        (KINDS["image/png"], "application/pdf", "media-type-mismatch"),
        (KINDS["image/png"], None, "media-type-mismatch"),
        (KINDS["application/zip"], "application/pdf", "media-type-mismatch"),
    ],
)
async def test_a_type_that_is_not_kept_or_not_true_is_refused(
    desk: Any, content: bytes, media_type: str | None, slug: str
) -> None:
    answer = await desk.put(content, media_type)
    assert (answer.status_code, slug_of(answer)) == (415, slug)
    assert (spools(desk), objects(desk), await desk.running.events()) == ([], [], [])


async def test_an_empty_file_is_refused(desk: Any) -> None:
    answer = await desk.put(b"")
    assert (answer.status_code, slug_of(answer)) == (422, "empty-file")


async def test_the_same_upload_again_answers_the_same_and_is_told_once(desk: Any) -> None:
    file_id = uuid.uuid4()
    first, again = await desk.put(file_id=file_id), await desk.put(file_id=file_id)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert len(await desk.running.events()) == 1


async def test_the_same_upload_many_times_at_once_is_stored_once(desk: Any) -> None:
    file_id = uuid.uuid4()
    answers = await asyncio.gather(*(desk.put(file_id=file_id) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len(await desk.running.events()) == 1


async def test_other_content_under_a_known_id_is_refused(desk: Any, pdf: bytes) -> None:
    file_id, other = uuid.uuid4(), uuid.uuid4()
    await desk.hears_of(other)
    await desk.put(file_id=file_id)
    for answer in (
        await desk.put(pdf + b"changed", file_id=file_id),
        await desk.put(pdf, file_id=file_id, petition=other),
    ):
        assert (answer.status_code, slug_of(answer)) == (409, "file-id-reused")
    assert (await desk.get("files", file_id)).content == pdf


async def test_the_same_content_in_two_files_is_one_object(desk: Any, pdf: bytes) -> None:
    stored = [(await desk.put()).json() for _ in range(3)]
    assert len(objects(desk)) == 1
    for file in stored:
        assert (await desk.get("files", file["file_id"])).content == pdf


async def test_sequences_grow_with_each_file(desk: Any, pdf: bytes) -> None:
    await asyncio.gather(*(desk.put(pdf + bytes([n])) for n in range(10)))
    assert sorted(event.version for event in await desk.running.events()) == list(range(1, 11))


async def test_a_file_beyond_the_limit_is_refused_whether_it_says_its_length_or_not(desk: Any, pdf: bytes) -> None:
    held = resources.of(desk.running.runtime)
    held.settings = held.settings.model_copy(update={"max_file_bytes": 1000})

    async def silent() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield pdf

    for content in (pdf * 30, silent()):
        answer = await desk.put(content)
        assert (answer.status_code, slug_of(answer)) == (413, "too-large")
        assert answer.json()["limit_bytes"] == 1000
    assert (await desk.put(pdf.ljust(1000))).status_code == 201
    assert spools(desk) == []


async def test_an_upload_that_falls_silent_is_given_up_and_can_be_sent_again(desk: Any, pdf: bytes) -> None:
    held = resources.of(desk.running.runtime)
    held.settings = held.settings.model_copy(update={"silence_seconds": 0.05})
    file_id = uuid.uuid4()

    async def silent() -> AsyncIterator[bytes]:
        yield pdf
        await asyncio.Event().wait()

    answer = await desk.put(silent(), file_id=file_id)
    assert (answer.status_code, slug_of(answer)) == (400, "upload-interrupted")
    assert (spools(desk), objects(desk)) == ([], [])
    assert (await desk.put(file_id=file_id)).status_code == 201


async def test_more_uploads_at_once_than_a_process_has_room_for_are_put_off(desk: Any, pdf: bytes) -> None:
    resources.of(desk.running.runtime).uploads = Places(1)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield pdf
        begun.set()
        await go_on.wait()

    first = asyncio.create_task(desk.put(slow()))
    await begun.wait()
    second = await desk.put()
    go_on.set()
    assert (second.status_code, slug_of(second)) == (429, "too-many-requests")
    assert "retry-after" in second.headers
    assert (await first).status_code == 201
    assert (await desk.put()).status_code == 201


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="scan.pdf"', "scan.pdf"),
        ("attachment; filename=\"x.pdf\"; filename*=UTF-8''%E6%9D%A5%E4%BF%A1.pdf", "来信.pdf"),
        ('attachment; filename="来信.pdf"', "来信.pdf"),
        ("attachment", None),
        (None, None),
    ],
)
async def test_the_name_comes_from_the_content_disposition(
    desk: Any, disposition: str | None, name: str | None
) -> None:
    answer = await desk.put(name=disposition if disposition is None else disposition.encode())
    assert answer.json()["name"] == name


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "a\\b.pdf", "bell\x07.pdf", "nul\x00.pdf", "\u202efdp.exe", "x" * (LONGEST_NAME + 1)],
)
async def test_names_with_paths_unseen_characters_or_too_many_are_refused(desk: Any, name: str) -> None:
    answer = await desk.put(name="attachment; filename*=UTF-8''" + quote(name, safe=""))
    assert (answer.status_code, slug_of(answer)) == (422, "invalid-input")
    assert answer.json()["errors"][0]["field"] == "header.content-disposition"
    assert await desk.running.rows("SELECT 1 FROM files") == []


async def test_nothing_in_the_store_the_database_or_the_events_shows_the_name_or_the_content(desk: Any) -> None:
    content = "张三丰,身份证一一〇一".encode()
    await desk.put(content, "text/plain", name="attachment; filename*=UTF-8''" + quote("张三丰.txt"))
    (kept,) = objects(desk)
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
    rows = await desk.running.rows("SELECT * FROM readings ORDER BY id")
    assert [(row["subject"], row["unit"]) for row in rows] == [
        ("tester", "330225100-xf"),
        ("county-leader", "330225-xf"),
    ]
    assert {(row["thing"], str(row["thing_id"]), row["petition_id"]) for row in rows} == {
        ("file", file_id, desk.petition)
    }


def swap(one: Path, other: Path) -> None:
    first = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(first)


async def test_a_file_that_vanished_or_was_altered_or_swapped_in_the_store_is_never_given_out(
    desk: Any, pdf: bytes
) -> None:
    ids = [(await desk.put(pdf + bytes([n]))).json()["file_id"] for n in range(2)]
    one, other = objects(desk)
    swap(one, other)
    for file_id in ids:
        assert slug_of(await desk.get("files", file_id)) == "content-damaged"
    swap(one, other)
    assert {(await desk.get("files", file_id)).status_code for file_id in ids} == {200}
    one.write_bytes(one.read_bytes()[:-1])
    other.unlink()
    for file_id in ids:
        answer = await desk.get("files", file_id)
        assert (answer.status_code, slug_of(answer)) == (500, "content-damaged")


async def test_damage_far_into_a_file_ends_the_answer_short(desk: Any, pdf: bytes) -> None:
    content = pdf + os.urandom(1_000_000)
    file_id = (await desk.put(content)).json()["file_id"]
    (kept,) = objects(desk)
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
    assert (answer.status_code, slug_of(answer)) == (503, "unavailable")
    assert s3_shelf.leftovers() == 0
    held.vault.store = directory
    assert (await desk.put(file_id=file_id)).status_code == 201


async def test_the_same_service_works_on_s3(desk: Any, pdf: bytes, s3_shelf: Any) -> None:
    resources.of(desk.running.runtime).vault.store = s3_shelf.store
    content = pdf + os.urandom(7_000_000)
    file_id = (await desk.put(content)).json()["file_id"]
    assert (await desk.get("files", file_id)).content == content
    (kept,) = s3_shelf.objects()
    assert content[:1000] not in kept
