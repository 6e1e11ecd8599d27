"""A desk at which bundles of pages are made."""

from dataclasses import dataclass
from typing import Any

from documents.pages import work


@dataclass
class Binder:
    """desk: that of documents' tests."""

    desk: Any

    async def upload(self, content: bytes, media_type: str = "application/pdf") -> str:
        answer = await self.desk.put(content, media_type)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["file_id"])

    async def post(self, thing: str, body: Any, who: str = "") -> Any:
        return await self.desk.running.request("POST", self.desk.path("bundles", thing), who=who, json=body)

    async def work(self) -> None:
        """All that is to be done, as the worker does it."""
        while await work.step(self.desk.running.runtime):
            pass

    async def made(self, *file_ids: str) -> dict[str, Any]:
        """A draft of these files."""
        answer = await self.post("", {"file_ids": file_ids})
        assert answer.status_code == 201, answer.text
        await self.work()
        return await self.read(answer.json()["bundle_id"])

    async def read(self, bundle_id: str) -> dict[str, Any]:
        shown: dict[str, Any] = (await self.desk.get("bundles", bundle_id)).json()
        return shown

    async def arrange(self, bundle: dict[str, Any], pages: list[tuple[Any, ...]], who: str = "") -> Any:
        """pages: file, page, rotation."""
        listed = [dict(zip(("file_id", "page", "rotation"), page, strict=False)) for page in pages]
        path = self.desk.path("bundles", f"{bundle['bundle_id']}/pages")
        body = {"version": bundle["version"], "pages": listed}
        return await self.desk.running.request("PUT", path, who=who, json=body)

    async def file(self, bundle: dict[str, Any], name: str = "来信") -> Any:
        return await self.post(f"{bundle['bundle_id']}/filing", {"version": bundle["version"], "name": name})

    async def filed(self, bundle: dict[str, Any], name: str = "来信") -> dict[str, Any]:
        """Filed, and all work done."""
        answer = await self.file(bundle, name)
        assert answer.status_code == 202, answer.text
        await self.work()
        return await self.read(bundle["bundle_id"])

    async def pdf(self, bundle: dict[str, Any]) -> bytes:
        content: bytes = (await self.desk.get("files", bundle["file_id"])).content
        return content
