"""The whole of a case in one file that proves itself: what is in it, who gets it, and that every change is noticed."""

import asyncio
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from joserfc import jws
from joserfc.jwk import ECKey
from PIL import Image
from services.documents.tests.sealing import REGION, case_state
from tests.support.nodes import token
from tests.support.running import told

from documents import resources
from documents.dossiers import working
from documents.dossiers.checking import verify
from documents.dossiers.domain import BOUND, KEYS, MANIFEST, SIGNATURE, Malformed

HANDLER = token(roles=["handler"], subject="handler")
PURPOSE = {"purpose": "行政复议机关调卷"}


def one_page() -> bytes:
    pdf, written = pikepdf.new(), io.BytesIO()
    pdf.add_blank_page(page_size=(595, 842))
    pdf.save(written)
    return written.getvalue()


def photo() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (300, 200), "white").save(written, "JPEG")
    return written.getvalue()


async def made(office: Any) -> tuple[str, dict[str, Any]]:
    """Ask for a dossier and let it be made: its path and its state."""
    desk, running = office.desk, office.running
    asked = await running.request("POST", desk.path("dossiers"), who=HANDLER, json=PURPOSE)
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    assert await working.step(running.runtime) == 1
    path = desk.path("dossiers", asked.json()["dossier_id"])
    return path, (await running.request("GET", path, who=HANDLER)).json()


@pytest.fixture
async def dossier(office: Any, tmp_path: Path) -> Path:
    """Of a case with a letter, a photograph, a text and an opinion that was sealed."""
    desk = office.desk
    await desk.put(one_page(), name="attachment; filename*=UTF-8''%E6%9D%A5%E4%BF%A1.pdf")
    await desk.put(photo(), "image/jpeg", name='attachment; filename="road.jpg"')
    await desk.put("道路积水,见附图。".encode(), "text/plain")
    await office.sealed_opinion()
    steps = told("routing.case.accepted.v1", case_state([]), subject=desk.petition, sequence=3, node=REGION)
    await office.running.hear("documents.on-case", steps)
    path, state = await made(office)
    assert state["state"] == "ready", state
    answer = await office.running.request("GET", path + "/content", who=HANDLER)
    file = tmp_path / "dossier.zip"
    file.write_bytes(answer.content)
    return file


MADE: list[tuple[bytes, dict[str, Any]]] = []


@pytest.fixture
def altered(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy to alter, of one dossier that is made once: to make another takes seconds."""
    if not MADE:
        office, file = request.getfixturevalue("office"), request.getfixturevalue("dossier")
        MADE.append((file.read_bytes(), keys_of(office)))
    copy = tmp_path / "copy.zip"
    copy.write_bytes(MADE[0][0])
    return copy


def keys_of(office: Any) -> dict[str, Any]:
    home = office.running.runtime.settings
    entry = next(each for each in home.directory if each.path == home.node.path)
    keys: dict[str, Any] = json.loads(home.resolve(entry.jwks).read_text())
    return keys


async def test_a_dossier_holds_all_of_the_case_and_proves_itself(office: Any, dossier: Path) -> None:
    roots = resources.of(office.running.runtime).seal_keys.roots_file.read_bytes()
    verdict = await asyncio.to_thread(verify, dossier, keys_of(office), roots)
    assert (verdict.faults, verdict.trusted, verdict.good) == ((), True, True)
    kinds = [entry.what for entry in verdict.manifest.entries]
    assert kinds == ["sealed-paper", "paper", "file", "file", "file", "record", "record", "record"]
    assert verdict.manifest.purpose == PURPOSE["purpose"]
    titles = [entry.title for entry in verdict.manifest.entries]
    assert titles[1:4] == ["处理意见书(文字)", "来信.pdf", "road.jpg"]
    with zipfile.ZipFile(dossier) as archive:
        (step,) = json.loads(archive.read("steps.json"))
        assert (step["version"], step["action"]) == (3, "approve")


async def test_what_has_pages_is_bound_with_catalogue_and_bookmarks(dossier: Path) -> None:
    with zipfile.ZipFile(dossier) as archive, pikepdf.open(io.BytesIO(archive.read(BOUND))) as bound:
        with bound.open_outline() as outline:
            marks = [str(item.title) for item in outline.root]
        pages = len(bound.pages)
    entries = {entry.title: entry for entry in verify(dossier).manifest.entries}
    assert marks[0] == "封面与目录"
    assert marks[2:] == ["来信.pdf", "road.jpg"]
    assert entries["road.jpg"].page == pages
    assert entries["来信.pdf"].page == pages - 1
    assert entries["处理意见书(文字)"].page is None


async def test_the_bound_pdf_is_given_out_alone_as_it_lies_in_the_archive(office: Any, dossier: Path) -> None:
    (made,) = (await office.running.request("GET", office.desk.path("dossiers"), who=HANDLER)).json()
    path = office.desk.path("dossiers", made["dossier_id"]) + "/content?form=pdf"
    answer = await office.running.request("GET", path, who=HANDLER)
    with zipfile.ZipFile(dossier) as archive:
        assert answer.content == archive.read(BOUND)
    assert answer.headers["content-type"] == "application/pdf"
    assert int(answer.headers["content-length"]) == len(answer.content) == made["pdf_bytes"]
    assert answer.headers["content-disposition"].endswith(".pdf")
    await office.running.rows("UPDATE dossiers SET bound_from = NULL RETURNING id")  # as of an older release
    assert office.desk.slug_of(await office.running.request("GET", path, who=HANDLER)) == "dossier-without-pdf"


def rewritten(file: Path, change: Any) -> Path:
    """The same archive with other entries: change takes and gives a list of (name, content)."""
    with zipfile.ZipFile(file) as archive:
        entries = [(info.filename, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in change(entries):
            archive.writestr(name, content)
    return file


def test_an_altered_file_is_named(altered: Path) -> None:
    def alter(entries: Any) -> Any:
        return [(name, content + b" " if name == "files/002-road.jpg" else content) for name, content in entries]

    (fault,) = verify(rewritten(altered, alter)).faults
    assert (fault.kind, fault.what) == ("altered", "files/002-road.jpg")


def test_a_removed_and_an_added_file_are_named(altered: Path) -> None:
    def swap(entries: Any) -> Any:
        return [*(each for each in entries if not each[0].startswith("papers/")), ("files/009-new.pdf", b"%PDF-")]

    faults = {fault.kind: fault.what for fault in verify(rewritten(altered, swap)).faults}
    assert faults == {"removed": "papers/001-opinion.json", "added": "files/009-new.pdf"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_that_stands_there_twice_is_named(altered: Path) -> None:
    faults = verify(rewritten(altered, lambda entries: [*entries, ("steps.json", b"[]")])).faults
    assert ("added", "steps.json") in {(fault.kind, fault.what) for fault in faults}


def test_a_manifest_that_was_changed_to_fit_is_not_signed(altered: Path) -> None:
    def fit(entries: Any) -> Any:
        return [
            (name, content.replace(b"road.jpg", b"lane.jpg") if name == MANIFEST else content)
            for name, content in entries
        ]

    assert "unsigned" in {fault.kind for fault in verify(rewritten(altered, fit)).faults}


def test_a_dossier_that_somebody_else_signed_anew_is_not_trusted(altered: Path) -> None:
    forged = ECKey.generate_key("P-256", {"use": "sig", "kid": "forged"})

    def sign_anew(entries: Any) -> Any:
        changed = {name.replace("road", "lane"): content for name, content in entries}
        changed[MANIFEST] = changed[MANIFEST].replace(b"road.jpg", b"lane.jpg")
        changed[SIGNATURE] = jws.serialize_compact({"alg": "ES256"}, changed[MANIFEST], forged).encode()
        changed[KEYS] = json.dumps({"keys": [forged.as_dict(private=False)]}).encode()
        return changed.items()

    verdict = verify(rewritten(altered, sign_anew), MADE[0][1])
    assert (verdict.faults, verdict.trusted, verdict.good) == ((), False, False)


def test_an_audit_entry_that_was_changed_is_named_also_by_its_own_hash(altered: Path) -> None:
    def change(entries: Any) -> Any:
        return [(name, content.replace(b"store-file", b"stole-file", 1)) for name, content in entries]

    assert {"altered", "audit-altered"} <= {fault.kind for fault in verify(rewritten(altered, change)).faults}


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"%PDF-1.7", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_dossier_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "no.zip"
    file.write_bytes(content)
    with pytest.raises(Malformed):
        verify(file)


def test_a_packed_entry_is_not_unpacked(altered: Path) -> None:
    with zipfile.ZipFile(altered, "a") as archive:
        archive.writestr("files/bomb.txt", bytes(10_000_000), zipfile.ZIP_DEFLATED)
    assert ("added", "files/bomb.txt") in {(fault.kind, fault.what) for fault in verify(altered).faults}


async def test_who_may_not_see_the_case_gets_no_dossier(office: Any, neighbour: str) -> None:
    path, _ = await made(office)
    other = token("330225101-xf", "33.02.25.101", roles=["handler"])
    running, desk = office.running, office.desk
    assert (await running.request("GET", path, who=other)).status_code == 404
    assert (await running.request("GET", path + "/content", who=other)).status_code == 404
    assert (await running.request("GET", desk.path("dossiers"), who=other)).status_code == 404
    assert (await running.request("POST", desk.path("dossiers"), who=other, json=PURPOSE)).status_code == 404
    assert (await running.request("GET", path, who=neighbour)).status_code in {403, 404}


async def test_the_unit_that_is_accused_meanwhile_does_not_get_what_it_asked_for(office: Any) -> None:
    path, _ = await made(office)
    await office.desk.hears_of(
        office.desk.petition, accused_units=["330225100-xf"]
    )  # an older telling: changes nothing
    accusing = case_state([], accused_units=["330225100-xf"])
    event = told("routing.case.accepted.v1", accusing, subject=office.desk.petition, sequence=9, node=REGION)
    await office.running.hear("documents.on-case", event)
    assert (await office.running.request("GET", path + "/content", who=HANDLER)).status_code == 404


async def test_a_dossier_that_is_not_made_yet_says_so(office: Any) -> None:
    running, desk = office.running, office.desk
    asked = await running.request("POST", desk.path("dossiers"), who=HANDLER, json=PURPOSE)
    answer = await running.request("GET", desk.path("dossiers", asked.json()["dossier_id"]) + "/content", who=HANDLER)
    assert (answer.status_code, desk.slug_of(answer)) == (409, "dossier-not-ready")


async def test_damaged_content_stops_it_with_a_reason_and_it_is_tried_again(office: Any) -> None:
    desk = office.desk
    await desk.put(one_page())
    (stored,) = desk.objects()
    whole = stored.read_bytes()
    stored.chmod(0o600)
    stored.write_bytes(whole[:-1] + b"?")
    path, state = await made(office)
    assert (state["state"], state["why_en"]) == ("waiting", "The stored content is missing or was altered")
    stored.write_bytes(whole)
    await office.running.rows("UPDATE dossiers SET due_at = asked_at RETURNING id")
    assert await working.step(office.running.runtime) == 1
    assert (await office.running.request("GET", path, who=HANDLER)).json()["state"] == "ready"


@pytest.mark.usefixtures("dossier")
async def test_every_asking_and_reading_is_in_the_audit(office: Any) -> None:
    rows = await office.running.rows("SELECT action FROM audit WHERE action LIKE '%dossier' ORDER BY id")
    assert [row["action"] for row in rows] == ["ask-for-dossier", "read-dossier"]


async def test_a_purpose_must_be_stated(office: Any) -> None:
    answer = await office.running.request("POST", office.desk.path("dossiers"), who=HANDLER, json={"purpose": ""})
    assert answer.status_code == 422
