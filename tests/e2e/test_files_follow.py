"""What belongs to a case follows it over real links: files and papers, cut in the middle, sender killed, an object that
was altered; and what the petitioner adds by text.
"""

import os
import secrets
import subprocess
import sys
import uuid
from functools import partial
from pathlib import Path
from typing import Any

from node.calling import until
from node.demo import OFFICE, act, case_at
from tests.e2e.casework import NOTICE, opinion, registered, served
from tests.support.tree import TestCaller, Tree
from xinqiao_local.smsc import Smsc

LARGE = 24 * 1024 * 1024
PDF = b"%PDF-1.7\n1 0 obj << >> endobj\n%%EOF\n"


def path(case: str, thing: str = "files", thing_id: str = "") -> str:
    return f"/api/documents/v1/petitions/{case}/{thing}/{thing_id}".rstrip("/")


def put(clerk: TestCaller, case: str, content: bytes) -> str:
    file_id = str(uuid.uuid4())
    clerk.put(path(case, "files", file_id), content, {"Content-Type": "application/pdf"})
    return file_id


def coming(caller: TestCaller, case: str) -> dict[str, Any]:
    found: dict[str, Any] = caller.get(path(case, "moving"))
    return found


def here(caller: TestCaller, case: str, wanted: int) -> bool:
    files = coming(caller, case)["files"]
    return bool(files["here"] == wanted and files["total"] == 5)


def begun(caller: TestCaller, case: str, file_id: str) -> bool:
    """The large one is on its way, and not here."""
    return any(each["id"] == file_id and 0 < each["bytes_here"] < LARGE for each in coming(caller, case)["coming"])


def content(tree: Tree, caller: TestCaller, node: str, case: str, file_id: str) -> bytes:
    headers = {"Authorization": f"Bearer {caller.token}"}
    return tree.client.get(tree.url(node) + path(case, "files", file_id), headers=headers).content


def moving(tree: Tree, *words: str) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).with_name("xinqiao")
    command: list[str | Path] = [program, "documents", "moving", "--node", "township", *words]
    environment = {**tree.environment, "COLUMNS": "200"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def newest_object(tree: Tree, node: str) -> Path:
    objects = (tree.node(node).directory / "store" / "objects").rglob("*")
    return max((each for each in objects if each.is_file()), key=lambda each: each.stat().st_mtime_ns)


def test_five_files_follow_a_hand_over_through_cuts_a_restart_and_an_altered_object(tree: Tree) -> None:
    county, township = tree.caller("county.clerk"), tree.caller("township.clerk")
    held = case_at(county, registered(county)["id"], "screened")
    case = held["id"]
    until(partial(county.get, path(case)))
    contents = [PDF + os.urandom(size) + PDF for size in (70_000, 300_000, 300_001, LARGE - 2 * len(PDF))]
    ids = [put(county, case, each) for each in contents]
    altered_content = PDF + os.urandom(5000) + PDF
    altered_id = put(county, case, altered_content)
    altered = newest_object(tree, "county")
    whole = altered.read_bytes()
    altered.chmod(0o600)
    altered.write_bytes(whole[:-40] + bytes(40))

    wire = tree.node("township").wire
    wire.cut()
    try:
        act(county, held, "transfer", to_unit=OFFICE["township"])
    finally:
        wire.mend()
    received = act(township, case_at(township, case, "offered"), "receive")
    until(partial(begun, township, case, ids[3]))
    wire.cut()
    try:
        assert coming(township, case)["files"]["total"] == 5
        accepted = act(township, received, "accept", fields=NOTICE)  # they work with what is here
        refused = township.status("GET", path(case, "files", altered_id))
        assert refused == 409
        for daemon in tree.node("county").application.daemons.values():
            daemon.kill9()
        tree.restart("county")
    finally:
        wire.mend()
    until(partial(here, township, case, 4), within=60)
    for file_id, each in zip(ids, contents, strict=True):
        assert content(tree, township, "township", case, file_id) == each
    assert until(lambda: coming(township, case)["coming"][0]["missing_at"]) == ["33.02.25:damaged"]
    told = moving(tree)
    assert (told.returncode, "33.02.25:damaged" in told.stdout) == (1, True), told.stdout + told.stderr

    altered.write_bytes(whole)
    assert "已再次请求: 1" in moving(tree, "--again", "--petition", case).stdout
    until(partial(here, township, case, 5))
    assert content(tree, township, "township", case, altered_id) == altered_content
    neighbour = TestCaller.sign_in(tree.client, tree.url("county"), "liutang.clerk", tree.passwords["liutang.clerk"])
    assert neighbour.status("GET", path(case, "moving")) == 404

    approved = opinion(tree, "township", act(tree.caller("township.handler"), accepted, "investigate"))
    served(tree, "township", approved)
    papers = until(lambda: county.get(path(case, "papers"))["items"], within=40)
    assert until(lambda: county.get(path(case, "papers", papers[0]["paper_id"]))["outcome"]) == "support"


def test_a_paper_reaches_a_unit_of_another_node_and_its_receipt_comes_back(tree: Tree) -> None:
    county, township = tree.caller("county.clerk"), tree.caller("township.clerk")
    sent = PDF + os.urandom(200_000) + PDF
    begun_at = county.post("/api/documents/v1/dispatches", title="关于道路养护的通知")["dispatch_id"]
    there = f"/api/documents/v1/dispatches/{begun_at}"
    file_id = put(county, begun_at, sent)
    county.post(f"{there}/sending", recipients=[OFFICE["township"]], body=file_id)
    assert until(partial(township.get, there))["items"] is None  # nobody has signed for it
    assert township.post(f"{there}/signature")["copy"]["state"] == "signed"
    until(lambda: county.get(there)["copies"][0]["state"] == "signed")
    until(lambda: [each["here"] for each in township.get(there)["items"]] == [True])
    assert content(tree, township, "township", begun_at, file_id) == sent


def texts(tree: Tree, phone: str, said: str) -> None:
    """To the number of the county."""
    spec = tree.node("county").spec
    centre_of(tree).text(phone, str(spec.sms), said)


def centre_of(tree: Tree) -> Smsc:
    centre = tree.node("county").smsc
    assert centre is not None
    return centre


def told(tree: Tree, phone: str, said: str) -> str | None:
    """What a telephone has got so far, once it holds this."""
    got = "".join(each["text"] for each in centre_of(tree).submits() if each["to"].endswith(phone))
    return got if said in got else None


def test_a_petition_by_text_goes_down_with_what_is_added_and_its_stage_comes_back(tree: Tree) -> None:
    phone, mark = f"139{secrets.randbelow(10**8):08}", secrets.token_hex(6)
    texts(tree, phone, f"张三＃石桥镇下桥村＃门前道路积水{mark}")
    county, township = tree.caller("county.clerk"), tree.caller("township.clerk")

    def of_mark() -> dict[str, Any] | None:
        rows = county.get("/api/intake/v1/petitions", limit="50")["items"]
        return next((row for row in rows if row["channel"] == "sms" and mark in (row["title"] or "")), None)

    petition = until(of_mark)
    number, case = petition["number"], petition["id"]
    answer = until(partial(told, tree, phone, number))
    assert "回复编号查询进展" in answer
    assert mark not in answer
    screened = act(county, case_at(county, case, "registered"), "screen", route=6)
    act(county, screened, "transfer", to_unit=OFFICE["township"])
    received = act(township, case_at(township, case, "offered", OFFICE["township"]), "receive")
    texts(tree, phone, f"BC {number} 昨夜大雨{mark}")

    def added() -> list[str]:
        return [each["content"] for each in township.get(f"/api/intake/v1/petitions/{case}")["supplements"]]

    assert until(added) == [f"昨夜大雨{mark}"]
    assert until(partial(told, tree, phone, f"归入编号{number}"))
    act(township, received, "accept", fields=NOTICE)
    assert until(partial(told, tree, phone, f"(编号{number})已受理"))
    texts(tree, phone, f"编号 {number}")
    assert until(partial(told, tree, phone, f"编号{number}:已受理"))
    other = f"138{secrets.randbelow(10**8):08}"
    texts(tree, other, number)
    assert until(partial(told, tree, other, "未查到与本号码对应"))
    assert mark not in str(told(tree, phone, number))
