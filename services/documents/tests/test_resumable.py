"""Files that come in parts, by the tus protocol: what was sent once is not sent again, and nothing is mixed up."""

import asyncio
import base64
import hashlib
import io
import os
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.support.nodes import token
from tusclient.client import TusClient
from tusclient.uploader.uploader import Uploader

from documents import resources
from documents.storage.objects import ABANDONED
from documents.uploads.usecases import PART, SWEEP_UPLOADS
from kit.clock import ManualClock
from kit.testing import eventually

CONTENT = b"%PDF-1.7" + os.urandom(9_000_000) + b"%%EOF"
CHUNK = "application/offset+octet-stream"


def encoded(**metadata: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())


def metadata_of(file_id: uuid.UUID, name: str = "来信.pdf") -> dict[str, str]:
    return {"file_id": str(file_id), "filename": name, "filetype": "application/pdf"}


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 100_000):
        yield content[start : start + 100_000]


class Sender:
    """Speaks the protocol by hand, without a network."""

    def __init__(self, desk: Any, who: str = "", content: bytes = CONTENT) -> None:
        self.desk, self.who, self.content = desk, who, content
        self.file_id = uuid.uuid4()

    async def ask(self, method: str, path: str, headers: dict[str, str], **more: Any) -> httpx.Response:
        sent = {"Tus-Resumable": "1.0.0", **headers}
        answer: httpx.Response = await self.desk.running.request(method, path, who=self.who, headers=sent, **more)
        assert answer.headers["tus-resumable"] == "1.0.0"
        return answer

    async def begin(self, length: int | None = None, *, name: str = "来信.pdf", **more: Any) -> httpx.Response:
        length = len(self.content) if length is None else length
        headers = {"Upload-Length": str(length), "Upload-Metadata": encoded(**metadata_of(self.file_id, name))}
        return await self.ask("POST", self.desk.path("uploads"), headers | more.pop("headers", {}), **more)

    async def send(self, start: int, until: int | None = None, checksum: str = "", **more: Any) -> httpx.Response:
        headers = {"Upload-Offset": str(start), "Content-Type": CHUNK}
        if checksum:
            headers["Upload-Checksum"] = checksum
        content = more.pop("content", self.content[start:until])
        return await self.ask("PATCH", self.desk.path("uploads", self.file_id), headers, content=content)

    async def position(self) -> int | str:
        """Where the upload stands, or the problem with it."""
        answer = await self.ask("HEAD", self.desk.path("uploads", self.file_id), {})
        assert answer.status_code != 200 or answer.headers["cache-control"] == "no-store"
        return int(answer.headers["upload-offset"]) if answer.status_code == 200 else str(answer.status_code)

    async def end(self) -> httpx.Response:
        return await self.ask("DELETE", self.desk.path("uploads", self.file_id), {})

    def parts(self) -> list[str]:
        """What of uploads lies on disk."""
        return [file.name for file in resources.of(self.desk.running.runtime).parts.directory.iterdir()]

    async def stored(self) -> bytes:
        read = await self.desk.get("files", self.file_id)
        assert read.status_code == 200
        return bytes(read.content)


@pytest.fixture
def sender(desk: Any) -> Sender:
    return Sender(desk)


@pytest.fixture
def uploader(desk: Any, address: str) -> Callable[..., Uploader]:
    """A client of another make, over a real connection."""

    def made(content: bytes, file_id: uuid.UUID, **options: Any) -> Uploader:
        headers = {"Authorization": f"Bearer {token()}", "Idempotency-Key": str(file_id)}
        client = TusClient(f"http://{address}{desk.path('uploads')}", headers=headers)
        return client.uploader(file_stream=io.BytesIO(content), metadata=metadata_of(file_id), **options)

    return made


@pytest.mark.parametrize("checked", [False, True])
async def test_another_client_uploads_in_chunks_and_the_file_is_stored_like_any_other(
    sender: Sender, uploader: Callable[..., Uploader], checked: bool
) -> None:
    sending = uploader(CONTENT, sender.file_id, chunk_size=1_000_000, upload_checksum=checked)
    await asyncio.to_thread(sending.upload)
    (event,) = await sender.desk.running.events()
    assert (event.type, event.data.sha256) == ("documents.file.stored.v1", hashlib.sha256(CONTENT).hexdigest())
    assert await sender.stored() == CONTENT
    (listed,) = (await sender.desk.get("files")).json()["items"]
    assert (listed["name"], listed["bytes"], listed["media_type"]) == ("来信.pdf", len(CONTENT), "application/pdf")
    assert (sender.parts(), await sender.position()) == ([], len(CONTENT))


async def test_after_two_dropped_lines_only_what_is_missing_is_sent(
    desk: Any, sender: Sender, address: str, uploader: Callable[..., Uploader]
) -> None:
    await sender.begin()
    sent = 0
    for stop in (PART + 1_500_000, 7_000_000):
        start = await sender.position()
        _, writer = await asyncio.open_connection(*address.split(":"))
        lines = [
            f"PATCH {desk.path('uploads', sender.file_id)} HTTP/1.1", "Host: test", f"Authorization: Bearer {token()}",
            "Tus-Resumable: 1.0.0", f"Upload-Offset: {start}", f"Content-Type: {CHUNK}",
            f"Content-Length: {len(CONTENT) - int(start)}",
        ]  # fmt: skip
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + CONTENT[int(start) : stop])
        await writer.drain()
        writer.close()

        async def kept(stop: int = stop) -> bool:
            return await sender.position() == stop

        await eventually(kept)  # to the last byte that came
        sent = stop
    url = f"http://{address}{desk.path('uploads', sender.file_id)}"
    going_on = await asyncio.to_thread(lambda: uploader(CONTENT, sender.file_id, url=url))
    assert going_on.offset == sent
    await asyncio.to_thread(going_on.upload)
    assert await sender.stored() == CONTENT


async def test_what_has_arrived_outlives_the_process(desk: Any, sender: Sender) -> None:
    await sender.begin()
    await sender.send(0, 5_000_000)
    runtime = desk.running.runtime
    async with resources.open_resources(runtime) as anew:
        runtime.resources = anew
        assert await sender.position() == 5_000_000
        assert (await sender.send(5_000_000)).status_code == 204
        assert await sender.stored() == CONTENT


async def test_the_same_chunk_twice_counts_once(sender: Sender) -> None:
    await sender.begin()
    assert (await sender.send(0, 100_000)).headers["upload-offset"] == "100000"
    again = await sender.send(0, 100_000)
    assert (again.status_code, sender.desk.slug_of(again), again.json()["offset"]) == (409, "wrong-offset", 100_000)
    ahead = await sender.send(200_000)
    assert (ahead.status_code, sender.desk.slug_of(ahead)) == (409, "wrong-offset")
    await sender.send(100_000)
    assert await sender.stored() == CONTENT


async def test_of_several_at_the_same_place_at_once_one_counts(sender: Sender) -> None:
    await sender.begin()
    answers = await asyncio.gather(*(sender.send(0, 300_000) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [204, *[409] * 5]
    assert len(sender.parts()) == 1
    last = await asyncio.gather(*(sender.send(300_000) for _ in range(4)))
    assert {answer.status_code for answer in last} <= {204, 409, 404}
    assert 204 in {answer.status_code for answer in last}
    assert await sender.stored() == CONTENT
    assert len(await sender.desk.running.events()) == 1
    assert sender.parts() == []


def checksum_of(content: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
async def test_a_chunk_whose_checksum_is_wrong_is_not_kept(sender: Sender, algorithm: str) -> None:
    await sender.begin()
    wrong = await sender.send(0, 6_000_000, checksum_of(b"something else", algorithm))
    assert (wrong.status_code, sender.desk.slug_of(wrong)) == (460, "checksum-mismatch")
    assert (await sender.position(), sender.parts()) == (0, [])
    right = await sender.send(0, 6_000_000, checksum_of(CONTENT[:6_000_000], algorithm))
    assert right.headers["upload-offset"] == "6000000"
    wrong = await sender.send(6_000_000, None, checksum_of(b"something else", algorithm))
    assert wrong.status_code == 460
    await sender.send(6_000_000, None, checksum_of(CONTENT[6_000_000:], algorithm))
    assert await sender.stored() == CONTENT


@pytest.mark.parametrize("checksum", ["md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha1", "sha1 *", "nonsense"])
async def test_a_checksum_of_an_unknown_form_is_refused(sender: Sender, checksum: str) -> None:
    await sender.begin()
    answer = await sender.send(0, 10, checksum)
    assert answer.status_code in {400, 460}
    assert await sender.position() == 0


async def test_a_chunk_with_a_checksum_that_did_not_come_whole_is_not_kept(sender: Sender) -> None:
    held = resources.of(sender.desk.running.runtime)
    held.settings = held.settings.model_copy(update={"silence_seconds": 0.05})

    async def silent() -> AsyncIterator[bytes]:
        yield CONTENT[:100_000]
        await asyncio.Event().wait()

    await sender.begin()
    answer = await sender.send(0, checksum=checksum_of(CONTENT), content=silent())
    assert (answer.status_code, sender.desk.slug_of(answer)) == (400, "upload-interrupted")
    assert (await sender.position(), sender.parts()) == (0, [])
    without = await sender.send(0, content=silent())
    assert (without.status_code, await sender.position()) == (400, 100_000)


async def test_beginning_again_changes_nothing_and_tells_how_far_it_is(sender: Sender) -> None:
    first = await sender.begin()
    await sender.send(0, 1000)
    again = await sender.begin()
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.headers["location"] == again.headers["location"] == sender.desk.path("uploads", sender.file_id)
    assert again.headers["upload-offset"] == "1000"
    other = await sender.begin(length=77)
    assert (other.status_code, sender.desk.slug_of(other)) == (409, "file-id-reused")


async def test_a_small_file_comes_with_its_beginning(sender: Sender) -> None:
    sender.content = b"%PDF-1.7 small %%EOF"
    answer = await sender.begin(content=sender.content, headers={"Content-Type": CHUNK})
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, str(len(sender.content)))
    assert await sender.stored() == sender.content


async def test_nobody_else_sees_appends_to_or_ends_an_upload(desk: Any, sender: Sender, neighbour: str) -> None:
    await sender.begin()
    beside = token("330225100-cj")  # another unit of the same township
    for who in (neighbour, beside):
        other = Sender(desk, who)
        other.file_id = sender.file_id
        assert (await other.position(), (await other.end()).status_code) == ("404", 404)
        assert (await other.send(0, 10)).status_code == 404
    assert (await Sender(desk, neighbour).begin()).status_code == 404
    assert await sender.position() == 0


async def test_an_upload_of_a_petition_that_accuses_the_own_unit_is_not_found(desk: Any, sender: Sender) -> None:
    await sender.begin()
    async with desk.running.runtime.database.transaction() as session:
        await session.raw.execute("UPDATE petitions SET case_accused = ARRAY['330225100-xf']")
    assert await sender.position() == "404"
    assert (await sender.send(0, 10)).status_code == 404
    assert (await Sender(desk).begin()).status_code == 404


async def test_what_is_too_large_or_empty_is_refused_at_its_beginning(sender: Sender) -> None:
    limit = resources.of(sender.desk.running.runtime).settings.max_file_bytes
    answers = [await sender.begin(length=length) for length in (limit + 1, 1 << 30, 0)]
    assert [sender.desk.slug_of(answer) for answer in answers] == ["too-large", "too-large", "empty-file"]


async def test_more_bytes_than_were_told_are_refused(sender: Sender) -> None:
    await sender.begin(length=1000)
    answer = await sender.send(0, content=CONTENT[:1001])
    assert (answer.status_code, sender.desk.slug_of(answer)) == (413, "too-large")
    assert (await sender.position(), sender.parts()) == (0, [])


async def test_what_is_not_kept_here_is_refused_by_its_first_bytes(sender: Sender) -> None:
    sender.content = b"MZ\x90\0 a program" + bytes(20_000_000)
    await sender.begin()
    asked = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal asked
        for start in range(0, len(sender.content), 50_000):
            asked += 1
            yield sender.content[start : start + 50_000]

    answer = await sender.send(0, content=counted())
    assert (answer.status_code, sender.desk.slug_of(answer)) == (415, "unsupported-media")
    assert asked < 10
    assert sender.parts() == []


async def test_what_turns_out_wrong_at_its_end_is_forgotten(sender: Sender) -> None:
    sender.content = CONTENT[:-5]
    await sender.begin()
    answer = await sender.send(0)
    assert (answer.status_code, sender.desk.slug_of(answer)) == (422, "truncated-file")
    assert (await sender.position(), sender.parts()) == ("404", [])


async def test_a_name_that_says_something_else_than_the_content_is_refused(sender: Sender) -> None:
    await sender.begin(name="scan.exe")
    assert sender.desk.slug_of(await sender.send(0)) == "extension-mismatch"


@pytest.mark.parametrize("metadata", ["", "file_id", "file_id MQ==", "file_id *", "filename eA==", "a b c,d"])
async def test_metadata_that_does_not_name_the_file_is_refused(sender: Sender, metadata: str) -> None:
    headers = {"Upload-Length": "10", "Upload-Metadata": metadata}
    answer = await sender.ask("POST", sender.desk.path("uploads"), headers)
    assert (answer.status_code, sender.desk.slug_of(answer)) == (422, "invalid-input")


async def test_an_upload_that_was_ended_is_gone(sender: Sender) -> None:
    await sender.begin()
    await sender.send(0, 5_000_000)
    assert sender.parts()
    assert (await sender.end()).status_code == 204
    assert (await sender.position(), sender.parts(), (await sender.end()).status_code) == ("404", [], 404)
    await sender.begin()
    await sender.send(0)
    assert (await sender.end()).status_code == 404  # a file by now
    assert await sender.stored() == CONTENT


async def test_an_upload_without_progress_expires_and_can_be_begun_anew(desk: Any, sender: Sender) -> None:
    clock = ManualClock()
    desk.running.runtime.clock = clock
    begun = await sender.begin()
    assert begun.headers["upload-expires"] == "Thu, 08 Jan 2026 01:00:00 GMT"
    clock.advance(timedelta(hours=71))
    await sender.send(0, 5_000_000)
    clock.advance(timedelta(hours=71))
    assert await sender.position() == 5_000_000
    clock.advance(timedelta(hours=2))
    assert await sender.position() == "410"
    answer = await sender.send(5_000_000)
    assert (answer.status_code, sender.desk.slug_of(answer)) == (410, "upload-expired")
    assert (await sender.begin()).headers["upload-offset"] == "0"
    assert sender.parts() == []


async def test_expired_uploads_and_what_killed_processes_left_are_swept(desk: Any, sender: Sender) -> None:
    clock = ManualClock()
    desk.running.runtime.clock = clock
    await sender.begin()
    await sender.send(0, 5_000_000)
    parts = resources.of(desk.running.runtime).parts
    long_ago = clock.now().timestamp() - ABANDONED - 10**7
    for name in ("left", "left.part", *sender.parts()):
        file = parts.directory / name
        file.touch()
        os.utime(file, (long_ago, long_ago))
    (parts.directory / "fresh").touch()
    held = sender.parts()

    async def swept() -> list[str]:
        async with desk.running.runtime.database.transaction() as session:
            await SWEEP_UPLOADS.run(desk.running.runtime, session)
        return sorted(sender.parts())

    assert await swept() == sorted({*held} - {"left", "left.part"})
    clock.advance(timedelta(hours=73))
    assert await swept() == ["fresh"]
    assert await desk.running.rows("SELECT 1 FROM uploads") == []
    assert SWEEP_UPLOADS in desk.running.service.jobs


async def test_nothing_on_disk_or_in_the_database_shows_the_content_or_the_name(desk: Any, sender: Sender) -> None:
    sender.content = b"%PDF-1.7" + "张三丰,身份证一一〇一".encode() * 100_000 + b"%%EOF"
    await sender.begin(name="张三丰.pdf")
    await sender.send(0, 2_000_000)
    directory = resources.of(desk.running.runtime).parts.directory
    for name in sender.parts():
        content = (directory / name).read_bytes()
        assert "身份证".encode() not in content
        assert b"%PDF" not in content
    (row,) = await desk.running.rows("SELECT * FROM uploads")
    assert "张三丰" not in repr(dict(row))
    assert base64.b64encode("张三丰.pdf".encode()) not in row["metadata"]


async def test_a_part_that_vanished_from_disk_ends_the_upload(desk: Any, sender: Sender) -> None:
    await sender.begin()
    await sender.send(0, 1_000_000)
    for name in sender.parts():
        (resources.of(desk.running.runtime).parts.directory / name).unlink()
    answer = await sender.send(1_000_000)
    assert (answer.status_code, sender.desk.slug_of(answer)) == (410, "upload-expired")
    assert (await sender.position(), sender.parts()) == ("404", [])


async def test_a_store_that_is_away_at_the_end_costs_the_last_part_only(
    desk: Any, sender: Sender, s3_shelf: Any
) -> None:
    held = resources.of(desk.running.runtime)
    directory = held.vault.store
    away = s3_shelf.settings.model_copy(update={"endpoint": "127.0.0.1:1"})
    held.vault.store = type(s3_shelf.store)(away, s3_shelf.incoming, held.threads)
    await sender.begin()
    answer = await sender.send(0, content=pieces(CONTENT))
    assert (answer.status_code, sender.desk.slug_of(answer)) == (503, "unavailable")
    position = int(await sender.position())
    assert len(CONTENT) - position <= PART
    held.vault.store = directory
    await sender.send(position)
    assert await sender.stored() == CONTENT


async def test_more_unfinished_uploads_than_a_unit_may_have_are_put_off(desk: Any) -> None:
    held = resources.of(desk.running.runtime)
    held.settings = held.settings.model_copy(update={"uploads_open": 2})
    one, two, three = Sender(desk), Sender(desk), Sender(desk)
    for each in (one, two, one):
        assert (await each.begin()).status_code == 201
    answer = await three.begin()
    assert (answer.status_code, desk.slug_of(answer)) == (429, "too-many-uploads")
    await one.end()
    assert (await three.begin()).status_code == 201


async def test_what_is_spoken_here_is_told_and_another_version_is_refused(sender: Sender) -> None:
    told = await sender.ask("OPTIONS", sender.desk.path("uploads"), {})
    assert told.status_code == 204
    assert told.headers["tus-version"] == "1.0.0"
    assert set(told.headers["tus-extension"].split(",")) == {
        "creation", "creation-with-upload", "checksum", "expiration", "termination",
    }  # fmt: skip
    assert told.headers["tus-checksum-algorithm"] == "sha256,sha1"
    await sender.begin()
    for version in ("0.2.2", ""):
        answer = await sender.ask("PATCH", sender.desk.path("uploads", sender.file_id), {"Tus-Resumable": version})
        assert answer.status_code in {412, 422}
    answer = await sender.ask(
        "PATCH", sender.desk.path("uploads", sender.file_id), {"Upload-Offset": "0", "Content-Type": "text/plain"}
    )
    assert (answer.status_code, sender.desk.slug_of(answer)) == (415, "not-a-chunk")


async def test_an_upload_needs_a_role_and_a_key(desk: Any, sender: Sender) -> None:
    assert (await Sender(desk, token(roles=["supervisor"])).begin()).status_code == 403
    headers = {"Authorization": f"Bearer {token()}", "Tus-Resumable": "1.0.0", "Upload-Length": "10"}
    answer = await desk.running.client.post(desk.path("uploads"), headers=headers)
    assert desk.slug_of(answer) in {"idempotency-key-missing", "invalid-input"}
