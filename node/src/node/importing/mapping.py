"""From the columns of a file to the body of a registration. The names of columns are data."""

import hashlib
import json
from datetime import datetime, timedelta, timezone
from typing import Any

from node.importing.reading import Row

CHINA = timezone(timedelta(hours=8))
LONGEST_TITLE = 200
# field of the registration <- names it has in files, in order of preference
COLUMNS: dict[str, tuple[str, ...]] = {
    "external_id": ("external_id", "id", "编号", "来源编号", "序号"),
    "title": ("title", "标题", "主题", "留言主题"),
    "content": ("content", "内容", "正文", "留言详情", "信访内容"),
    "channel": ("channel", "渠道", "信访形式"),
    "kind": ("kind", "目的", "信访目的"),
    "category": ("category", "内容分类", "分类"),
    "about_region": ("about_region", "问题属地", "属地代码"),
    "received_at": ("received_at", "created_at", "来信时间", "留言时间", "收到时间"),
}
PETITIONER: dict[str, tuple[str, ...]] = {
    "name": ("name", "author", "姓名", "信访人", "留言用户"),
    "id_number": ("id_number", "身份证号", "证件号码"),
    "phone": ("phone", "电话", "手机", "联系电话"),
    "address": ("address", "地址", "住址"),
}
VALUES: dict[str, dict[str, str]] = {
    "channel": {
        "来信": "letter", "来访": "visit", "来电": "call", "传真": "fax", "网信": "web", "网上": "web", "短信": "sms",
        "微信": "wechat", "论坛": "forum", "领导信箱": "mailbox", "上级交转": "superior", "排查": "screening",
    },
    "kind": {
        "建议": "suggestion", "建议意见": "suggestion", "检举控告": "accusation", "申诉": "appeal", "求决": "appeal",
        "申诉求决": "appeal",
    },
}  # fmt: skip
BOARD = {"author", "against", "support"}  # columns of a public message board


class Unmapped(ValueError):
    """A field of a row that cannot be used: args are (field, reason)."""


def body_of(row: Row, source: str) -> dict[str, Any]:
    """The registration a row asks for; its external_id makes running the import again harmless. Raises Unmapped."""
    if "" in row:
        raise Unmapped("row", "not a JSON object (不是有效的 JSON)")
    body = {field: value for field, names in COLUMNS.items() if (value := _first(row, names)) is not None}
    for field in ("channel", "kind"):
        if field in body:
            body[field] = VALUES[field].get(str(body[field]), body[field])
    body.setdefault("channel", "forum" if row.keys() & BOARD else "letter")
    body.setdefault("kind", "appeal")
    if "received_at" in body:
        body["received_at"] = _moment(str(body["received_at"]))
    _fit(body)
    person = _petitioner(row)
    body["petitioners"] = [person] if person else []
    identity = str(body.get("external_id") or _digest(body))
    body["external_id"] = f"{source}:{identity}"[:128]
    return body


def key_of(node: str, body: dict[str, Any]) -> str:
    """The Idempotency-Key of a row: the same row at the same node always has the same one."""
    return _digest({"node": node, **body})


def _first(row: Row, names: tuple[str, ...]) -> Any:
    for name in names:
        value = row.get(name)
        if isinstance(value, str):
            value = value.strip()
        if value is not None and value != "":
            return value
    return None


def _petitioner(row: Row) -> dict[str, str]:
    given = row["petitioner"] if isinstance(row.get("petitioner"), dict) else row
    found = {field: _first(given, names) for field, names in PETITIONER.items()}
    return {field: str(value) for field, value in found.items() if value is not None}


def _fit(body: dict[str, Any]) -> None:
    """Line breaks do not belong into a title; one that is too long is cut and kept whole in the content."""
    if isinstance(body.get("title"), str):
        whole = " ".join(body["title"].split())
        if len(whole) > LONGEST_TITLE:
            body["title"] = whole[: LONGEST_TITLE - 1] + "…"
            body["content"] = f"{whole}\n{body.get('content', '')}".strip()
        else:
            body["title"] = whole


def _moment(text: str) -> str:
    """ISO 8601 with a zone; times without one are meant in China."""
    try:
        moment = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise Unmapped("received_at", f"not a date and time: {text[:40]} (时间格式不正确)") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=CHINA)).isoformat()


def _digest(value: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:48]
