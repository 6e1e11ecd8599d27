"""An office that publishes: people who write, review and read."""

from dataclasses import dataclass
from typing import Any

import httpx
from tests.support.nodes import token

ROOT = "/api/documents/v1"
CLERK = token()  # "tester"
FIRST = token(roles=["handler"], subject="first")
SECOND = token(roles=["leader"], subject="second")
THIRD = token(roles=["leader"], subject="third")
FOURTH = token(roles=["supervisor"], subject="fourth")
COUNTY = token("330225-xf", "33.02.25", roles=["leader"], subject="county")
ORDINARY = ((FIRST, "first"), (SECOND, "second"), (THIRD, "final"))
SENSITIVE = ((FIRST, "first"), (SECOND, "second"), (FOURTH, "extra-first"), (COUNTY, "extra-second"), (THIRD, "final"))
TEXT = {"title": "积水反映后多久答复", "body": "自受理之日起六十日内答复。"}


def slug_of(answer: httpx.Response) -> str:
    return str(answer.json()["type"].rpartition(":")[2])


@dataclass
class Press:
    """What people do with publications at one node."""

    desk: Any

    async def ask(self, method: str, path: str = "", *, who: str | None = CLERK, **more: Any) -> httpx.Response:
        url = f"{ROOT}/publications" + (path if path.startswith("?") else f"/{path}".rstrip("/"))
        answer: httpx.Response = await self.desk.running.request(method, url, who=who, **more)
        return answer

    async def begin(self, kind: str = "answers", *, who: str = CLERK, **given: Any) -> str:
        given = {"content": TEXT, **given}
        answer = await self.ask("POST", who=who, json={"kind": kind, **given})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def send(self, publication: str, version: int = 1, *, who: str = CLERK) -> httpx.Response:
        return await self.ask("POST", f"{publication}/submission", who=who, json={"version": version})

    async def save(self, publication: str, version: int = 1, *, who: str = CLERK, **changes: Any) -> httpx.Response:
        body = {"version": version, "content": {**TEXT, **changes}}
        return await self.ask("PUT", publication, who=who, json=body)

    async def review(
        self, publication: str, who: str, step: str, *, number: int = 1, reason: str | None = None
    ) -> httpx.Response:
        decision = "approve" if reason is None else "return"
        body = {"round": number, "step": step, "decision": decision, "reason": reason}
        return await self.ask("POST", f"{publication}/decisions", who=who, json=body)

    async def approve(self, publication: str, reviews: Any = ORDINARY, *, number: int = 1) -> httpx.Response:
        for who, step in reviews:
            answer = await self.review(publication, who, step, number=number)
            assert answer.status_code == 200, answer.text
        return answer

    async def published(self, kind: str = "answers", reviews: Any = ORDINARY, **given: Any) -> str:
        publication = await self.begin(kind, **given)
        sent = await self.send(publication)
        assert sent.status_code == 200, sent.text
        answer = await self.approve(publication, reviews)
        assert answer.json()["standing"] == "public"
        return publication

    async def read(self, publication: str, *, who: str = CLERK) -> dict[str, Any]:
        answer = await self.ask("GET", publication, who=who)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def public(self, path: str = "") -> httpx.Response:
        """As anybody, who is not signed in."""
        url = f"{ROOT}/public/publications{path}"
        answer: httpx.Response = await self.desk.running.request("GET", url, who=None)
        return answer
