"""Identity papers: nobody gets a byte, a picture or a word of one without saying what for."""

import io
import json
import re
import uuid
import zipfile
from typing import Any
from urllib.parse import quote

import pikepdf
import pytest
from tests.support.nodes import token

from documents.dossiers import working
from documents.identity.domain import Purpose, check_lift, fits, suggests
from documents.identity.settings import NAMES
from kit.app import build_app
from kit.errors import Refused
from node import describe

ID_NUMBER, PHONE = "33022519800101123X", "13812345678"
LEADER = token(roles=["leader"], subject="leader")
HANDLER = token(roles=["handler"], subject="handler")
WORDS = "核对来访人与信访人是否一致"
WHY = {"Reading-Purpose": "verify-petitioner", "Reading-Purpose-Words": quote(WORDS)}
NAMED = "attachment; filename*=UTF-8''" + quote("张三丰身份证.pdf")


def sheet(*lines: str) -> bytes:
    """A PDF of one page with these lines, which need not be read off a picture, and a number that no other has."""
    pdf, written = pikepdf.new(), io.BytesIO()
    pdf.add_blank_page(page_size=(595, 842))
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    pdf.pages[0].obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
    filled = (*lines, "abcdefghijklmnopqrstuvwxyz " * 3)
    text = " ".join(f"({line}) Tj T*" for line in filled)
    pdf.pages[0].obj.Contents = pdf.make_stream(f"BT /F 12 Tf 20 TL 50 780 Td {text} ET".encode())
    pdf.docinfo["/Serial"] = uuid.uuid4().hex
    pdf.save(written)
    return written.getvalue()


def card() -> bytes:
    return sheet(f"No. {ID_NUMBER}")


async def put(desk: Any, content: bytes, **headers: str) -> str:
    sent = {"Content-Type": "application/pdf", **headers}
    answer = await desk.running.request("PUT", desk.path("files", uuid.uuid4()), content=content, headers=sent)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["file_id"])


async def marked(desk: Any, content: bytes | None = None) -> str:
    return await put(desk, content or card(), **{"Identity-Paper": "true"})


async def decide(desk: Any, file_id: str, *, who: str = "", **body: Any) -> Any:
    return await desk.running.request("PUT", desk.path("files", f"{file_id}/identity"), who=who, json=body)


async def kind_of(desk: Any, file_id: str) -> str | None:
    items = (await desk.get("files")).json()["items"]
    kind: str | None = next(item["identity"] for item in items if item["file_id"] == file_id)
    return kind


async def audited(desk: Any, action: str) -> list[Any]:
    rows = await desk.running.rows("SELECT * FROM audit WHERE action = $1 ORDER BY id", action)
    return [(row["actor"], row["reason"], json.loads(row["detail"])) for row in rows]


async def test_an_identity_paper_is_read_for_a_purpose_and_the_audit_says_which(desk: Any) -> None:
    content = card()
    file_id = await marked(desk, content)
    refused = await desk.get("files", file_id)
    assert (refused.status_code, desk.slug_of(refused)) == (403, "purpose-needed")
    offered = (await desk.running.request("GET", "/api/documents/v1/reading-purposes")).json()
    assert refused.json()["purposes"] == offered
    assert {each["code"] for each in offered} >= {"verify-petitioner", "other"}
    assert await audited(desk, "read-file") == []
    assert (await desk.get("files", file_id, headers=WHY)).content == content
    ((actor, reason, detail),) = await audited(desk, "read-file")
    assert (actor, reason, detail) == ("tester", WORDS, {"file": file_id, "purpose": "verify-petitioner"})


@pytest.mark.parametrize(
    ("headers", "slug"),
    [
        ({"Reading-Purpose": "because"}, "purpose-unknown"),
        ({"Reading-Purpose": "other"}, "purpose-unknown"),
        ({"Reading-Purpose": "other", "Reading-Purpose-Words": "%E6%A0"}, "invalid-input"),
        ({"Reading-Purpose": "other", "Reading-Purpose-Words": quote("核" * 201)}, "invalid-input"),
        ({"Reading-Purpose": "other", "Reading-Purpose-Words": "a%0Ab"}, "invalid-input"),
        ({"Reading-Purpose-Words": quote(WORDS)}, "purpose-needed"),
    ],
)
async def test_a_purpose_outside_the_policy_is_none(desk: Any, headers: dict[str, str], slug: str) -> None:
    assert desk.slug_of(await desk.get("files", await marked(desk), headers=headers)) == slug


async def test_what_is_no_identity_paper_is_read_as_before(desk: Any, pdf: bytes) -> None:
    file_id = (await desk.put()).json()["file_id"]
    assert (await desk.get("files", file_id)).content == pdf
    assert await kind_of(desk, file_id) is None


async def test_a_name_proposes_it_and_it_is_held_to_be_one_until_a_clerk_says_no(desk: Any) -> None:
    file_id = await put(desk, card(), **{"Content-Disposition": NAMED})
    assert await kind_of(desk, file_id) == "proposed"
    assert desk.slug_of(await desk.get("files", file_id)) == "purpose-needed"
    unsaid = await decide(desk, file_id, identity=False)
    assert (unsaid.status_code, desk.slug_of(unsaid)) == (422, "invalid-input")
    assert (await decide(desk, file_id, identity=False, reason="是证件保管说明")).json()["identity"] is None
    assert (await desk.get("files", file_id)).status_code == 200
    ((actor, reason, detail),) = await audited(desk, "lift-identity-mark")
    assert (actor, reason, detail["was"]) == ("tester", "是证件保管说明", "proposed")


async def test_what_a_person_has_marked_a_leader_lifts(desk: Any, neighbour: str) -> None:
    file_id = (await desk.put()).json()["file_id"]
    assert (await decide(desk, file_id, identity=True)).json()["identity"] == "marked"
    refused = await decide(desk, file_id, identity=False, reason="看错了文件")
    assert (refused.status_code, desk.slug_of(refused)) == (403, "identity-mark-stays")
    assert (await decide(desk, file_id, who=neighbour, identity=True)).status_code == 404
    supervisor = token("330225-xf", "33.02.25", ["supervisor"])
    assert desk.slug_of(await decide(desk, file_id, who=supervisor, identity=True)) == "not-allowed"
    assert (await decide(desk, file_id, who=LEADER, identity=False, reason="看错了文件")).json()["identity"] is None
    again = await decide(desk, file_id, who=LEADER, identity=False, reason="看错了文件")
    assert desk.slug_of(again) == "identity-not-marked"
    assert (await desk.get("files", file_id)).status_code == 200


async def test_the_same_content_is_one_under_any_id_and_in_any_petition(desk: Any) -> None:
    content, other = card(), uuid.uuid4()
    first = await put(desk, content)
    await marked(desk, content)
    assert desk.slug_of(await desk.get("files", first)) == "purpose-needed"
    await desk.hears_of(other)
    copy = (await desk.put(content, petition=other)).json()["file_id"]
    there = await desk.running.request("GET", desk.path("files", copy, other))
    assert desk.slug_of(there) == "purpose-needed"


async def test_an_upload_in_parts_says_it_in_its_metadata(desk: Any) -> None:
    from base64 import b64encode

    content, file_id = card(), str(uuid.uuid4())
    pairs = {"file_id": file_id, "filetype": "application/pdf", "identity": "true"}
    metadata = ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in pairs.items())
    headers = {
        "Tus-Resumable": "1.0.0", "Upload-Length": str(len(content)), "Upload-Metadata": metadata,
        "Content-Type": "application/offset+octet-stream",
    }  # fmt: skip
    assert (await desk.running.request("POST", desk.path("uploads"), content=content, headers=headers)).is_success
    assert await kind_of(desk, file_id) == "marked"


@pytest.fixture
async def filed(desk: Any, binder: Any) -> tuple[str, Any]:
    """An identity paper that nobody has marked, and the bundle in which it was filed behind a letter."""
    letter = await put(desk, sheet(f"call {PHONE}"))
    paper = await put(desk, card())
    return paper, await binder.filed(await binder.made(letter, paper))


async def test_a_bundle_with_a_page_of_one_is_one_and_its_other_pages_are_read_as_before(
    desk: Any, filed: tuple[str, Any]
) -> None:
    paper, bundle = filed
    mine = bundle["bundle_id"]
    assert (await desk.get("files", bundle["file_id"])).status_code == 200
    proposal = (await desk.get("bundles", f"{mine}/proposal")).json()
    assert (ID_NUMBER in {each["value"] for each in proposal["fields"]}, proposal["left_out"]) == (True, 0)
    await decide(desk, paper, identity=True)
    assert await kind_of(desk, bundle["file_id"]) == "contained"
    for thing in (f"{mine}/pages/2/text", f"{mine}/files/{paper}/pages/1/thumbnail"):
        assert desk.slug_of(await desk.get("bundles", thing)) == "purpose-needed"
        assert (await desk.get("bundles", thing, headers=WHY)).status_code == 200
    assert (await desk.get("bundles", f"{mine}/pages/1/text")).status_code == 200
    proposal = (await desk.get("bundles", f"{mine}/proposal")).json()
    assert {each["field"] for each in proposal["fields"]} == {"phone"}
    assert proposal["left_out"] == 1
    known = (await desk.get("bundles", f"{mine}/proposal", headers=WHY)).json()
    assert ID_NUMBER in {each["value"] for each in known["fields"]}
    files = (await desk.get("bundles", mine)).json()["files"]
    assert [(each["file_id"] == paper, each["identity"]) for each in files] == [(False, False), (True, True)]


async def test_a_search_shows_no_word_of_one(desk: Any, filed: tuple[str, Any]) -> None:
    paper, _ = filed

    async def hits(text: str) -> int:
        answer = await desk.running.request("POST", "/api/documents/v1/search", json={"text": text})
        return len(answer.json()["hits"])

    assert await hits(ID_NUMBER) == 1
    await decide(desk, paper, identity=True)
    assert (await hits(ID_NUMBER), await hits(PHONE)) == (0, 1)


async def test_what_was_made_of_one_follows_it_and_is_free_when_it_is(
    desk: Any, binder: Any, filed: tuple[str, Any]
) -> None:
    paper, bundle = filed
    outer = await binder.filed(await binder.made(bundle["file_id"]))
    await decide(desk, paper, identity=True)
    made = (bundle["file_id"], outer["file_id"])
    assert [await kind_of(desk, each) for each in made] == ["contained"] * 2
    own = await decide(desk, bundle["file_id"], who=LEADER, identity=False, reason="只有一页是证件")
    assert desk.slug_of(own) == "identity-not-marked"
    later = await binder.filed(await binder.made(paper))  # of one that is marked already
    assert await kind_of(desk, later["file_id"]) == "contained"
    await decide(desk, paper, who=LEADER, identity=False, reason="是空白样张")
    assert [await kind_of(desk, each) for each in (*made, later["file_id"])] == [None] * 3


async def test_a_mark_of_its_own_outlasts_that_of_its_pages(desk: Any, filed: tuple[str, Any]) -> None:
    paper, bundle = filed
    await decide(desk, paper, identity=True)
    await decide(desk, bundle["file_id"], identity=True)
    await decide(desk, bundle["file_id"], who=LEADER, identity=False, reason="只有一页是证件")
    assert await kind_of(desk, bundle["file_id"]) == "contained"
    await decide(desk, bundle["file_id"], identity=True)
    await decide(desk, paper, who=LEADER, identity=False, reason="是空白样张")
    assert await kind_of(desk, bundle["file_id"]) == "marked"


PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
BYTES = ("image/", "application/pdf", "application/zip", "application/octet-stream", "video/", "audio/")


def paths_of(app: Any, values: dict[str, list[str]]) -> list[str]:
    """Every GET route with every value of its parameters."""
    found = []
    for route in describe.api_routes(app):
        if "GET" not in (route.methods or set()) or not route.path.startswith("/api/documents/"):
            continue
        paths = [route.path]
        for name in PARAMETER.findall(route.path):
            paths = [
                PARAMETER.sub(value, path, count=1) for path in paths for value in values.get(name, [str(uuid.uuid4())])
            ]
        found += paths
    return found


def leaks(answer: Any, serial: bytes) -> bool:
    """Whether there is anything of the paper in an answer: its bytes, a picture or a PDF of it, or a word on it."""
    content = answer.content
    if answer.headers.get("content-type", "").startswith("application/zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = b"".join(archive.read(name) for name in archive.namelist())
    of_it = answer.headers.get("content-type", "").startswith(BYTES)
    return answer.status_code == 200 and (of_it or serial in content or ID_NUMBER.encode() in content)


async def test_no_route_gives_out_anything_of_an_identity_paper_without_a_purpose(desk: Any, binder: Any) -> None:
    content = card()
    serial = re.findall(rb"/Serial \((\w+)\)", content)[0]
    paper = await marked(desk, content)
    draft = await binder.made(paper)
    bundle = await binder.filed(await binder.made(paper))
    asked = await desk.running.request("POST", desk.path("dossiers"), who=HANDLER, json={"purpose": "调卷"})
    assert await working.step(desk.running.runtime) == 1
    values = {
        "petition_id": [str(desk.petition)], "file_id": [paper, bundle["file_id"]], "number": ["1"],
        "bundle_id": [bundle["bundle_id"], draft["bundle_id"]], "dossier_id": [asked.json()["dossier_id"]],
    }  # fmt: skip
    everybody = token(roles=["clerk", "handler", "leader", "supervisor"], subject="all")
    paths = paths_of(build_app(desk.running.service, desk.running.runtime), values)
    assert len(paths) > 40
    answers = {path: await desk.running.request("GET", path, who=everybody) for path in paths}
    assert [path for path, answer in answers.items() if leaks(answer, serial)] == []
    assert {answer.status_code for answer in answers.values()} & {500, 501, 503} == set()
    known = [
        path for path in paths if leaks(await desk.running.request("GET", path, who=everybody, headers=WHY), serial)
    ]
    tails = {path.split(str(desk.petition))[1].split("/")[1] + path.rsplit("/", 1)[1][-9:] for path in known}
    assert len(known) >= 7, known  # both files, thumbnails, texts, proposals, the dossier: it finds what is there
    assert any("thumbnail" in each for each in tails)
    assert any("content" in each for each in tails)


@pytest.mark.parametrize(
    ("name", "suggested"),
    [("张三身份证正面.jpg", True), ("户口本.pdf", True), ("ID Card.png", True), ("来信.pdf", False), (None, False),
     ("道路照片.jpg", False)],
)  # fmt: skip
def test_which_names_suggest_an_identity_paper(name: str | None, suggested: bool) -> None:
    assert suggests(name, NAMES) is suggested


def test_the_rules_of_purposes_and_marks() -> None:
    choices = {"handle-case": False, "other": True}
    assert fits(Purpose("handle-case"), choices)
    assert fits(Purpose("other", "信访人请求"), choices)
    assert not any(fits(wrong, choices) for wrong in (Purpose("other"), Purpose("none", "信访人请求")))
    assert "信访人" not in repr(Purpose("other", "信访人请求"))
    check_lift("proposed", may_lift=False)
    check_lift("marked", may_lift=True)
    for mark, slug in ((None, "identity-not-marked"), ("contained", "identity-not-marked"), ("marked", "mark-stays")):
        with pytest.raises(Refused, match=slug):
            check_lift(mark, may_lift=False)
