"""What is learned after the registration is said when a case is screened: what it is, and whom it accuses."""

import re

from services.portal.tests.browsing import Browser, Node, check_accessible
from services.portal.tests.casework import act, registered


def offered(page: str, name: str) -> list[str]:
    """The values of a select in the form of screening."""
    form = page.partition('id="act-screen"')[2].partition("</details>")[0]
    found = re.search(rf'<select name="{name}".*?</select>', form, re.DOTALL)
    return re.findall(r'value="([^"]+)"', found[0]) if found else []


async def test_a_case_is_corrected_and_kept_from_whom_it_turns_out_to_accuse(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    page = (await desk.open(case)).text
    check_accessible(page)
    assert offered(page, "kind") == ["suggestion", "accusation", "appeal"]
    assert {"330225100-cj", "330225100-xf"} <= set(offered(page, "accused_units"))
    page = await act(desk, behind, case, "screen", kind="accusation", accused_units=["330225100-cj", "330225101-xf"])
    assert "检举控告" in page
    assert "原登记为申诉求决" in page
    assert "丁镇村建办" in page
    assert "戊镇信访办" in page
    # who is accused already need not be named again, nor is a target
    assert not {"330225100-cj", "330225101-xf"} & set(offered(page, "accused_units"))
    assert 'value="330225100-cj"' not in page


async def test_who_finds_its_own_unit_accused_has_the_case_no_longer(desk: Browser, behind: Node) -> None:
    case = await registered(desk, behind)
    await desk.open(case)
    page = await act(desk, behind, case, "screen", route="6", accused_units="330225100-xf")
    assert f'action="{case}/' not in page
    assert (await desk.open(case)).status_code == 404
