"""What an upload must be to be kept: its type, size, name and id; and trying again."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest

from documents import resources
from documents.files.domain import LONGEST_NAME
from documents.resources import Places

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR...IEND\xaeB`\x82"


@pytest.mark.parametrize(
    ("content", "media_type", "slug"),
    [
        (b"MZ\x90\0 a program", "application/pdf", "unsupported-media"),
        (b"MZ\x90\0 a program", "application/octet-stream", "unsupported-media"),
        (b"text with a NUL \0", "text/plain", "unsupported-media"),
        (b"PK\x05\x06" + bytes(18), "application/zip", "unsupported-media"),
        (b"<html><script>", "text/html", "media-type-mismatch"),
        (PNG, "application/pdf", "media-type-mismatch"),
        (b"PK\x03\x04 a package", "application/pdf", "media-type-mismatch"),
    ],
)
async def test_a_type_that_is_not_kept_or_not_true_is_refused(
    desk: Any, content: bytes, media_type: str | None, slug: str
) -> None:
    answer = await desk.put(content, media_type)
    assert (answer.status_code, desk.slug_of(answer)) == (415, slug)
    assert (desk.spools(), desk.objects(), await desk.running.events()) == ([], [], [])


async def test_an_empty_file_is_refused(desk: Any) -> None:
    answer = await desk.put(b"")
    assert (answer.status_code, desk.slug_of(answer)) == (422, "empty-file")


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
        assert (answer.status_code, desk.slug_of(answer)) == (409, "file-id-reused")
    assert (await desk.get("files", file_id)).content == pdf


async def test_a_file_beyond_the_limit_is_refused_whether_it_says_its_length_or_not(desk: Any, pdf: bytes) -> None:
    held = resources.of(desk.running.runtime)
    held.settings = held.settings.model_copy(update={"max_file_bytes": 1000})

    async def silent() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield pdf

    for content in (pdf * 30, silent()):
        answer = await desk.put(content)
        assert (answer.status_code, desk.slug_of(answer)) == (413, "too-large")
        assert answer.json()["limit_bytes"] == 1000
    assert (await desk.put(pdf.ljust(1000))).status_code == 201
    assert desk.spools() == []


async def test_an_upload_that_falls_silent_is_given_up_and_can_be_sent_again(desk: Any, pdf: bytes) -> None:
    held = resources.of(desk.running.runtime)
    held.settings = held.settings.model_copy(update={"silence_seconds": 0.05})
    file_id = uuid.uuid4()

    async def silent() -> AsyncIterator[bytes]:
        yield pdf
        await asyncio.Event().wait()

    answer = await desk.put(silent(), file_id=file_id)
    assert (answer.status_code, desk.slug_of(answer)) == (400, "upload-interrupted")
    assert (desk.spools(), desk.objects()) == ([], [])
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
    assert (second.status_code, desk.slug_of(second)) == (429, "too-many-requests")
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
    assert (answer.status_code, desk.slug_of(answer)) == (422, "invalid-input")
    assert answer.json()["errors"][0]["field"] == "header.content-disposition"
    assert await desk.running.rows("SELECT 1 FROM files") == []


async def test_a_sender_that_does_not_know_the_type_leaves_it_to_the_bytes(desk: Any) -> None:
    for media_type in (None, "application/octet-stream"):
        answer = await desk.put(PNG, media_type)
        assert (answer.status_code, answer.json()["media_type"]) == (201, "image/png")
