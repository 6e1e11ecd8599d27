"""保密 on the pages: marked with reasons, shown to who may read it, on no page of a unit with no business in it."""

import re

from services.portal.tests.browsing import Browser, Node, browsing
from services.portal.tests.casework import MATTER, act, registered
from services.portal.tests.test_accused import pages_of_staff
from tests.support.running import Running

WHY = "信访人担心打击报复"


async def pages_that_tell(running: Running, case: str) -> list[str]:
    """To a station of the same township, whose account may read all of it."""
    async with browsing(running) as station:
        await station.sign_in("builder")
        told = []
        for path in pages_of_staff(case[-36:]):
            page = await station.open(path)
            assert page.status_code in {200, 303, 404, 403}, path
            if MATTER["title"] in page.text or (page.is_success if case[-36:] in path else case[-36:] in page.text):
                told.append(path)
        return told


async def test_the_leader_marks_it_with_reasons_and_it_is_on_no_page_of_a_unit_beside(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await registered(desk, behind)
    assert await pages_that_tell(node[0], case)
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        shown = await act(leader, behind, case, "mark-confidential", note=WHY)
        assert "本件保密" in shown
        assert WHY in shown
        assert await pages_that_tell(node[0], case) == []
        for path in ("/staff", "/staff/cases", case):
            page = (await leader.open(path)).text
            assert re.search(r'<span class="stage">保密</span>', page), path
        assert "Confidential" in (await leader.open(f"{case}?lang=en")).text
        assert "本件保密" not in await act(leader, behind, case, "unmark-confidential", note="信访人同意公开")
    assert await pages_that_tell(node[0], case)


async def test_a_clerk_sees_that_it_is_confidential_and_cannot_change_it(
    desk: Browser, behind: Node, node: tuple[Running, Node]
) -> None:
    case = await registered(desk, behind)
    async with browsing(node[0]) as leader:
        await leader.sign_in("leader")
        await act(leader, behind, case, "mark-confidential", note=WHY)
    page = (await desk.open(case)).text
    assert "本件保密" in page
    assert f'action="{case}/unmark-confidential"' not in page
