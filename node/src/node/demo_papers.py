"""The second act of `make demo`: a letter of many pages comes in over a bad line, an opinion is sealed, and the whole
case leaves as a dossier that proves itself.
"""

import base64
import contextlib
import hashlib
import io
import os
import re
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pypdfium2
from PIL import Image, ImageDraw, ImageFont

from documents.dossiers.checking import verify
from node.calling import Caller, Unanswered, until
from node.demo import Story, console

PAGES, DROPS = int(os.environ.get("XQ_DEMO_PAGES", "40")), (1, 2)  # of the letter; at these pages the line breaks
FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
LINES = "石桥镇下桥村村口三盏路灯坏了两个月\n晚上老人出门看不清路,盼修\n联系电话 13800000199"
TUS = {"Tus-Resumable": "1.0.0"}
PATIENCE = 300.0  # seconds: forty pages are read on a small machine


def tell(story: Story, letter: str, case: str) -> None:
    """In order. Raises Unanswered at the step that fails."""
    console.print("[bold]二 四十页来信、盖章、卷宗  forty pages, a seal, a dossier[/bold]")
    filed = pages_at_the_window(story, letter)
    proposed(story, letter, filed)
    sealed(story, case)
    bound(story, case)


def pages_at_the_window(story: Story, letter: str) -> dict[str, Any]:
    """Forty photographs, in order, as one PDF with its text, although the line breaks twice."""
    clerk = story.caller("township.clerk")
    files = [str(uuid.uuid4()) for _ in range(PAGES)]
    home = f"/api/documents/v1/petitions/{letter}"
    until(lambda: clerk.get(f"{home}/files") is not None)
    photographs = [photograph(number) for number in range(1, PAGES + 1)]
    story.step(f"窗口上传 {PAGES} 张照片,断线 {len(DROPS)} 次", "forty photographs, the line drops twice", lambda: [
        upload(clerk, f"{home}/uploads", file, content, breaks=number in DROPS)
        for number, (file, content) in enumerate(zip(files, photographs, strict=True), 1)])  # fmt: skip
    bundles = f"{home}/bundles"
    made = clerk.post(bundles, file_ids=files)
    path = f"{bundles}/{made['bundle_id']}"
    draft = story.step("按序排好", "they lie in order", lambda: until(
        lambda: (seen := clerk.get(path))["state"] == "draft" and seen, within=PATIENCE))  # fmt: skip
    if [page["file_id"] for page in draft["pages"]] != files:
        raise Unanswered("the pages are not in the order in which they were given")
    clerk.post(f"{path}/filing", version=draft["version"], name="来信")
    filed: dict[str, Any] = story.step("合成一个可检索的 PDF", "one PDF that can be searched", lambda: until(
        lambda: (seen := clerk.get(path))["state"] == "filed" and seen, within=PATIENCE))  # fmt: skip
    return filed


def photograph(number: int) -> bytes:
    """A page of the letter as a telephone sees it."""
    page = Image.new("L", (1000, 460), 250)
    font = ImageFont.truetype(str(FONT), 44)
    ImageDraw.Draw(page).multiline_text((60, 60), f"{LINES}\n第 {number} 页", font=font, fill=20, spacing=28)
    written = io.BytesIO()
    page.save(written, "JPEG", quality=80)
    return written.getvalue()


def upload(caller: Caller, path: str, file_id: str, content: bytes, *, breaks: bool) -> int:
    """By tus 1.0: where the line breaks, it goes on from where the node says it is. Returns how far it has come."""
    told = {"file_id": file_id, "filename": f"{file_id[:8]}.jpg", "filetype": "image/jpeg"}
    metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in told.items())
    length = {"Upload-Length": str(len(content)), "Upload-Metadata": metadata}
    send(caller, "POST", path, {**TUS, **length})
    if breaks:
        half = len(content) // 2
        try:
            send(caller, "PATCH", f"{path}/{file_id}", chunk(0), broken(content[:half]))
        except httpx.TransportError:
            pass
        else:
            raise Unanswered("a line that broke was not noticed")
    there = int(send(caller, "HEAD", f"{path}/{file_id}", TUS).headers["Upload-Offset"])
    return int(send(caller, "PATCH", f"{path}/{file_id}", chunk(there), content[there:]).headers["Upload-Offset"])


def chunk(offset: int) -> dict[str, str]:
    return {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}


def broken(content: bytes) -> Iterator[bytes]:
    """As much, and then the line is gone."""
    yield content
    raise httpx.WriteError("the line broke")


def send(
    caller: Caller, method: str, path: str, headers: dict[str, str], content: bytes | Iterator[bytes] = b""
) -> httpx.Response:
    signed = {"Authorization": f"Bearer {caller.token}", "Idempotency-Key": str(uuid.uuid4()), **headers}
    answer = caller.client.request(method, caller.base_url + path, headers=signed, content=content)
    if answer.is_error:
        raise Unanswered(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
    return answer


def proposed(story: Story, letter: str, filed: dict[str, Any]) -> None:
    """What was read proposes fields of the registration; nothing is taken over unseen."""
    clerk = story.caller("township.clerk")
    path = f"/api/documents/v1/petitions/{letter}/bundles/{filed['bundle_id']}/proposal"
    found = story.step("从文字中提出登记项(待核实)", "fields are proposed, unverified", lambda: clerk.get(path))
    fields = {each["field"]: each["value"] for each in found["fields"]}
    console.print(f"              {fields}")


def sealed(story: Story, case: str) -> None:
    """The opinion that was approved is official: number, seal, signature; everybody may ask whether it stands."""
    handler = story.caller("township.handler")
    listed = f"/api/documents/v1/petitions/{case}/sealed-papers"
    paper = story.step("处理意见书编号、盖章、签名、锁定", "numbered, sealed, signed, locked", lambda: until(
        lambda: next(iter(handler.get(listed)["items"]), None), within=60))  # fmt: skip
    console.print(f"              {paper['number']}")
    pdf = send(handler, "GET", f"/api/documents/v1/petitions/{case}/papers/{paper['paper_id']}/sealed", {}).content
    verification = f"/api/documents/v1/verifications/{code_on(pdf)}"
    standing = story.step(
        "按文书上的码核验", "looked up by its code", lambda: story.public("township").get(verification)
    )
    if (standing["standing"], standing["sha256"]) != ("stands", paper["sha256"]):
        raise Unanswered("the sealed paper does not stand")


def code_on(pdf: bytes) -> str:
    """The code of the verification page, as it is printed beside the QR code of the last page."""
    with contextlib.closing(pypdfium2.PdfDocument(pdf)) as paper:
        text = paper[len(paper) - 1].get_textpage().get_text_bounded()
    found = re.search(r"/verify/(\w+)", text)
    if found is None:
        raise Unanswered("the paper names no verification page")
    return found[1]


def bound(story: Story, case: str) -> None:
    """The whole case in one file, checked without any server."""
    handler = story.caller("township.handler")
    dossiers = f"/api/documents/v1/petitions/{case}/dossiers"
    asked = handler.post(dossiers, purpose="归档")
    path = f"{dossiers}/{asked['dossier_id']}"
    ready = story.step("制成电子卷宗", "the dossier is made", lambda: until(
        lambda: (seen := handler.get(path))["state"] == "ready" and seen, within=60))  # fmt: skip
    content = send(handler, "GET", f"{path}/content", {}).content
    if hashlib.sha256(content).hexdigest() != ready["sha256"]:
        raise Unanswered("the dossier is not the one that was made")
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        file.write(content)
        file.flush()
        verdict = story.step("离线校验卷宗", "verified offline", lambda: verify(Path(file.name)))
    if not verdict.good:
        raise Unanswered(f"the dossier does not prove itself: {verdict.faults}")
    console.print(f"              {len(verdict.manifest.entries)} 件 entries, {len(content) / 1024:.0f} KiB")
