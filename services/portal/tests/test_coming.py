"""Files that follow a case from another node: the page says how many are here, and what of the rest has come."""

import uuid

from services.portal.tests.browsing import Browser, Node, check_accessible
from services.portal.tests.casework import registered
from tests.support.running import told

from contracts.examples import COUNTY, NOW
from contracts.moving import Manifest, ManifestItem


def item(kind: str, what: str, **more: object) -> ManifestItem:
    return ManifestItem.model_validate({
        "id": uuid.uuid4(), "kind": kind, "what": what, "sha256": "ab" * 32, "size": 1000, "unit": "330225-xf",
        "by": "county.clerk", "at": NOW, **more,
    })  # fmt: skip


async def test_the_case_page_says_how_many_files_are_here_and_links_only_these(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    await desk.open(case)
    coming = item("file", "application/pdf", name="县里的材料.pdf")
    manifest = Manifest(items=[coming, item("paper", "opinion")])
    letter = told("documents.manifest.v1", manifest, subject=uuid.UUID(case.rsplit("/", 1)[1]), node=COUNTY)
    await behind.running["documents"].hear("documents.letters", letter)
    page = (await desk.open(case)).text
    check_accessible(page)
    assert "材料已到 0/1 份" in page
    assert "县里的材料.pdf" in page
    assert "传输中 0%" in page
    assert f"{case}/files/{coming.id}" not in page
    assert f"{case}/papers/" not in page.replace(f'action="{case}/papers"', "")
    answer = await desk.send(f"{case}/files/{coming.id}/open")
    assert answer.status_code == 409
    assert "材料尚未从其他节点传到" in answer.text
    english = (await desk.open(f"{case}?lang=en")).text
    assert "0 of 1 files are here" in english
