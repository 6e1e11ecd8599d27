"""Links to files and papers: short, signed, bound to a reader whose rights are looked at again, and recorded."""

import asyncio
import base64
import io
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pikepdf
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from tests.support.nodes import token
from tests.support.scans import blank_pdf, saved, scan

from documents.links.usecases import FORGET_LINKS
from kit.clock import ManualClock

HANDLER = token(roles=["handler"], subject="li.si")
LINKS = "/api/documents/v1/links/"


async def ask(desk: Any, thing: str, *, who: str = HANDLER, key: str | None = None, **body: Any) -> Any:
    sent = {"kind": "file", "id": thing, **body}
    return await desk.running.request("POST", desk.path("links"), who=who, key=key, json=sent)


async def made(desk: Any, thing: str, **body: Any) -> str:
    answer = await ask(desk, thing, **body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["path"])


async def follow(desk: Any, path: str) -> Any:
    """Without a session."""
    return await desk.running.request("GET", path, who=None)


async def stored(desk: Any, content: bytes | None = None, media_type: str = "application/pdf") -> str:
    return str((await desk.put(content or blank_pdf(2), media_type)).json()["file_id"])


async def test_a_link_shows_a_marked_copy_without_a_session_and_all_of_it_is_recorded(desk: Any) -> None:
    original = blank_pdf(3)
    file_id = await stored(desk, original)
    answer = await ask(desk, file_id, purpose={"code": "handle-case", "words": "核实路面照片"})
    link = answer.json()
    assert link["url"].endswith(link["path"])
    lasts = datetime.fromisoformat(link["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=4) < lasts <= timedelta(minutes=5)
    shown = await follow(desk, link["path"])
    assert (shown.status_code, shown.headers["content-type"]) == (200, "application/pdf")
    assert shown.content != original
    with pikepdf.open(io.BytesIO(shown.content)) as pdf:
        assert len(pdf.pages) == 3
    rows = await desk.running.rows("SELECT * FROM audit WHERE action LIKE '%link' OR action = 'read-file' ORDER BY id")
    assert [row["action"] for row in rows] == ["make-link", "open-link", "read-file"]
    assert {(row["actor"], row["unit"], row["subject"]) for row in rows} == {("li.si", "330225100-xf", desk.petition)}
    details = [json.loads(row["detail"]) for row in rows]
    assert {detail["purpose"] for detail in details} == {"handle-case"}
    assert (rows[0]["reason"], details[0]["link"] == details[1]["link"], details[2]["file"]) == (
        "核实路面照片", True, file_id,
    )  # fmt: skip


async def test_nothing_personal_and_no_key_stands_in_the_address(desk: Any) -> None:
    file_id = await stored(desk)
    path = await made(desk, file_id, purpose={"code": "other", "words": "查阅"})
    parts = path.removeprefix(LINKS).split(".")
    clear = "".join(base64.urlsafe_b64decode(part + "==").decode("latin-1") for part in parts[:2])
    assert set(json.loads(base64.urlsafe_b64decode(parts[1] + "=="))) == {"jti", "exp"}
    for word in ("li.si", file_id, file_id.replace("-", ""), str(desk.petition), desk.petition.hex, "330225", "other"):
        assert word not in path + clear


async def test_answers_are_kept_by_nobody_and_tell_nobody_where_they_came_from(desk: Any) -> None:
    file_id = await stored(desk)
    for disposition, policy in (("inline", "object-src 'self'"), ("attachment", "sandbox")):
        headers = (await follow(desk, await made(desk, file_id, disposition=disposition))).headers
        assert headers["content-disposition"].startswith(disposition)
        assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "no-referrer")
        assert headers["x-content-type-options"] == "nosniff"
        assert policy in headers["content-security-policy"]


async def test_an_attachment_is_the_original_byte_for_byte(desk: Any) -> None:
    original = blank_pdf(2)
    answer = await follow(desk, await made(desk, await stored(desk, original), disposition="attachment"))
    assert answer.content == original
    assert "repr-digest" in answer.headers


async def test_a_link_ends_after_its_minutes(desk: Any) -> None:
    clock = desk.running.runtime.clock = ManualClock(datetime.now(UTC))
    path = await made(desk, await stored(desk))
    clock.advance(timedelta(minutes=4, seconds=58))
    assert (await follow(desk, path)).status_code == 200
    clock.advance(timedelta(seconds=5))
    late = await follow(desk, path)
    assert (late.status_code, desk.slug_of(late)) == (410, "link-ended")
    clock.advance(timedelta(days=2))
    async with desk.running.runtime.database.transaction() as session:
        await FORGET_LINKS.run(desk.running.runtime, session)
    assert await desk.running.rows("SELECT * FROM read_links") == []


async def test_a_link_never_outlasts_the_session_it_was_asked_for_in(desk: Any) -> None:
    ends = int(datetime.now(UTC).timestamp()) + 60
    who = token(roles=["handler"], subject="li.si", exp=ends)
    answer = await ask(desk, await stored(desk), who=who)
    assert datetime.fromisoformat(answer.json()["expires_at"]).timestamp() == ends


async def test_an_altered_link_leads_nowhere(desk: Any) -> None:
    path = await made(desk, await stored(desk))
    for place in range(len(LINKS), len(path)):
        other = "A" if path[place] not in "AB" else "Q"  # not one that differs in unused bits only
        changed = path[:place] + other + path[place + 1 :]
        assert (await follow(desk, changed)).status_code in {404, 422} or changed == path, place
    assert (await follow(desk, path)).status_code == 200


async def test_a_link_that_somebody_else_signed_or_nobody_leads_nowhere(desk: Any) -> None:
    path = await made(desk, await stored(desk))
    claims = json.loads(base64.urlsafe_b64decode(path.split(".")[1] + "=="))
    forged = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("x" * 51))
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=") + "." + path.split(".")[1] + "."
    for forgery in (forged, unsigned, unsigned + "AA", token(), "a.b.c"):
        assert (await follow(desk, LINKS + forgery)).status_code in {404, 422}
    assert (await follow(desk, path)).status_code == 200


async def test_the_right_is_looked_at_again_when_a_link_is_used(desk: Any) -> None:
    path = await made(desk, await stored(desk))
    assert (await follow(desk, path)).status_code == 200
    await desk.running.rows("UPDATE petitions SET case_accused = '{330225100-xf}'")
    refused = await follow(desk, path)
    assert (refused.status_code, desk.slug_of(refused)) == (404, "not-found")
    await desk.running.rows("UPDATE petitions SET case_accused = '{}'")
    assert (await follow(desk, path)).status_code == 200
    await desk.running.rows("DELETE FROM petition_scopes")
    assert (await follow(desk, path)).status_code == 404


async def test_nobody_gets_a_link_to_what_they_may_not_read(desk: Any, neighbour: str) -> None:
    file_id = await stored(desk)
    assert (await ask(desk, file_id, who=neighbour)).status_code == 404
    assert (await ask(desk, str(uuid.uuid4()))).status_code == 404
    assert (await ask(desk, file_id, kind="paper")).status_code == 404
    assert desk.slug_of(await ask(desk, file_id, who=token(roles=["analyst"]))) == "not-allowed"
    assert (await ask(desk, file_id, kind="dossier")).status_code == 422
    unkeyed = await desk.running.client.post(
        desk.path("links"), json={"kind": "file", "id": file_id}, headers={"Authorization": f"Bearer {HANDLER}"}
    )
    assert desk.slug_of(unkeyed) == "idempotency-key-missing"


async def test_asked_for_twice_with_one_key_it_is_one_link(desk: Any) -> None:
    file_id, key = await stored(desk), str(uuid.uuid4())
    first, again = [await ask(desk, file_id, key=key) for _ in range(2)]
    assert first.json() == again.json()
    assert len(await desk.running.rows("SELECT * FROM read_links")) == 1


async def test_a_link_for_one_use_opens_once_also_for_two_at_the_same_time(desk: Any) -> None:
    path = await made(desk, await stored(desk), once=True, disposition="attachment")
    answers = await asyncio.gather(*(follow(desk, path) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 410, 410]


async def test_an_identity_paper_needs_its_purpose_before_there_is_a_link(desk: Any) -> None:
    file_id = await stored(desk, saved(scan()), "image/png")
    unmarked = await made(desk, file_id)
    path = desk.path("files", f"{file_id}/identity")
    await desk.running.request("PUT", path, json={"identity": True})
    refused = await ask(desk, file_id)
    assert (refused.status_code, desk.slug_of(refused)) == (403, "purpose-needed")
    assert desk.slug_of(await follow(desk, unmarked)) == "purpose-needed"  # it was marked since
    assert desk.slug_of(await ask(desk, file_id, purpose={"code": "fun"})) == "purpose-unknown"
    shown = await follow(desk, await made(desk, file_id, purpose={"code": "verify-petitioner"}))
    assert (shown.status_code, shown.headers["content-type"]) == (200, "application/pdf")


@pytest.mark.parametrize(
    ("content", "media_type", "reason"),
    [
        (blank_pdf(1, encryption=pikepdf.Encryption(owner="o", user="u")), "application/pdf", "encrypted"),
        (b"%PDF-1.7 nothing in it %%EOF", "application/pdf", "damaged"),
        ("只是文字".encode(), "text/plain", "no-pages"),
    ],
)
async def test_what_cannot_be_marked_is_not_shown_and_can_be_downloaded(
    desk: Any, content: bytes, media_type: str, reason: str
) -> None:
    file_id = await stored(desk, content, media_type)
    refused = await follow(desk, await made(desk, file_id))
    assert (refused.status_code, desk.slug_of(refused)) == (422, "not-viewable")
    assert (refused.json()["reason"], bool(refused.json()["reason_zh"])) == (reason, True)
    assert (await follow(desk, await made(desk, file_id, disposition="attachment"))).content == content


async def test_a_sealed_paper_is_shown_marked_and_given_out_as_it_was_signed(office: Any) -> None:
    desk = office.desk
    paper = await office.notice()
    plain = await follow(desk, await made(desk, str(paper), kind="paper"))
    assert (plain.status_code, plain.headers["content-disposition"][:6]) == (200, "inline")
    assert (await office.ask(paper)).status_code == 202
    assert await office.work() == 1
    signed = await office.pdf(paper)
    shown = (await follow(desk, await made(desk, str(paper), kind="paper"))).content
    assert b"/ByteRange" in signed
    assert b"/ByteRange" not in shown  # no signature that would be broken
    given = await follow(desk, await made(desk, str(paper), kind="paper", disposition="attachment"))
    assert given.content == signed
    actions = [row["action"] for row in await office.running.rows("SELECT action FROM audit ORDER BY id")]
    assert actions.count("read-sealed-paper") == 3
