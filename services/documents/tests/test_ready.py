"""/readyz names the object store when it is the one that is down."""

from typing import Any

from documents.main import service


async def test_a_store_whose_directory_is_gone_is_named(start: Any) -> None:
    documents = await start(service)
    fine = await documents.request("GET", "/readyz", who=None)
    root = documents.runtime.settings.resolve(documents.runtime.settings.node.store)
    (root / "objects").rename(root / "gone")
    down = await documents.request("GET", "/readyz", who=None)
    assert fine.json()["checks"]["store"] == "ok"
    assert (down.status_code, down.json()["checks"]["store"]) == (503, "down: PermissionError")
