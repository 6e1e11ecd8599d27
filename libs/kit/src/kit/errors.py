"""Refusals: what the domain says no to, named by a slug. Standard library only, so every domain may use it."""

from dataclasses import dataclass
from typing import Any


class Refused(Exception):
    """A rule refused the request.

    slug: a key of the refusal catalogue; facts: values safe to show to the caller, never personal data.
    """

    def __init__(self, slug: str, **facts: Any) -> None:
        super().__init__(slug)
        self.slug = slug
        self.facts = facts

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.slug}({shown})" if shown else self.slug


@dataclass(frozen=True, slots=True)
class Refusal:
    """How one slug is told to people: HTTP status, title in both languages, what to do next."""

    status: int
    zh: str
    en: str
    next_zh: str
    next_en: str


CATALOGUE: dict[str, Refusal] = {}


def define(slug: str, refusal: Refusal) -> None:
    """Add a slug to the catalogue. Raises ValueError when it stands there with another meaning."""
    known = CATALOGUE.setdefault(slug, refusal)
    if known != refusal:
        raise ValueError(f"refusal {slug!r} is defined twice")


_OF_THE_KIT = {
    "invalid-input": Refusal(
        422,
        "输入有误",
        "The input is not valid",
        "按 errors 逐项改正后重试",
        "Correct the fields named in errors and send again",
    ),
    "malformed-json": Refusal(
        400,
        "请求不是有效的 JSON",
        "The request is not valid JSON",
        "检查请求体的格式",
        "Check the format of the request body",
    ),
    "not-signed-in": Refusal(
        401, "未登录或登录已失效", "Not signed in, or the session ended", "重新登录", "Sign in again"
    ),
    "not-allowed": Refusal(
        403,
        "没有此项权限",
        "Your role does not allow this",
        "请由有相应角色的人员办理",
        "Ask somebody who holds the role",
    ),
    "not-found": Refusal(
        404,
        "没有找到",
        "Nothing found here",
        "核对编号;超出本人数据范围的内容不显示",
        "Check the number; what lies outside your scope is not shown",
    ),
    "method-not-allowed": Refusal(
        405, "不支持的请求方法", "Method not allowed", "查看接口说明", "See the interface description"
    ),
    "too-large": Refusal(413, "请求过大", "The request is too large", "缩小后重试", "Send less at once"),
    "too-many-requests": Refusal(
        429,
        "请求过于频繁",
        "Too many requests",
        "稍后重试",
        "Wait for the time in Retry-After and send again",
    ),
    "idempotency-key-missing": Refusal(
        400,
        "缺少 Idempotency-Key",
        "The Idempotency-Key header is missing",
        "每个 POST 请求带一个 8–128 位的唯一键,重试时用同一个键",
        "Send a unique key of 8 to 128 characters with each POST and the same key when you retry",
    ),
    "idempotency-key-reused": Refusal(
        409,
        "该 Idempotency-Key 已用于另一请求",
        "This Idempotency-Key was used for another request",
        "为新的请求换一个新键",
        "Use a new key for a new request",
    ),
    "version-conflict": Refusal(
        409,
        "内容已被他人更新",
        "Somebody changed this meanwhile",
        "刷新后按最新状态重试",
        "Load it again and decide on the newest state",
    ),
    "unavailable": Refusal(
        503,
        "系统暂时不可用",
        "Temporarily unavailable",
        "稍后用同一个 Idempotency-Key 重试",
        "Retry later with the same Idempotency-Key",
    ),
    "internal-error": Refusal(
        500,
        "系统内部错误",
        "Internal error",
        "凭 trace_id 联系运维人员",
        "Give the trace_id to the operators",
    ),
    "sender-outside-link": Refusal(
        403,
        "来件节点不在该链路的辖区内",
        "The sender does not belong to the link it came by",
        "核对节点拓扑与密钥",
        "Check the topology and the keys of the nodes",
    ),
    "letter-unreadable": Refusal(
        422,
        "密函无法解封或验签",
        "The letter cannot be opened or its signature is wrong",
        "核对双方密钥",
        "Check the keys of both nodes",
    ),
    "message-unreadable": Refusal(
        422,
        "消息不符合约定",
        "The message does not follow its contract",
        "查看原因并修正发送方",
        "See the reason and correct the sender",
    ),
    "unknown-node": Refusal(
        422,
        "目录中没有该节点",
        "No such node in the directory",
        "核对节点目录",
        "Check the directory of nodes",
    ),
}
for _slug, _refusal in _OF_THE_KIT.items():
    define(_slug, _refusal)
