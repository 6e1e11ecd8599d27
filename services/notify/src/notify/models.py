"""Shapes of notify's answers."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field


class Message(BaseModel):
    """That a petitioner was told, never what: the text may hold a query code."""

    id: UUID
    petition_id: UUID
    number: str
    template: str = Field(
        description="registered 登记, handed-over 转送交办, received 签收, accepted 受理, "
        "declined 不予受理, not-accepted-again 不再受理, "
        "answered 答复, guided 告知引导, exported 转出, extended 延期, opinion-served 送达, closed 办结, "
        "evaluation-asked 请评价, callback-asked 抽查回访, callback-thanks 回访致谢, "
        "review-requested 申请复查, withdrawn 撤回; in a review: review-opinion-served 复查意见送达; in a re-review: "
        "re-review-review-requested 申请复核, re-review-opinion-served 复核意见送达"
    )
    language: str
    phone: str = Field(description="masked")
    status: str = Field(
        description="queued 待发, held 暂停, sending 发送中, sent 已发, unknown 未知(已交网关未获应答), "
        "delivered 已送达, failed 失败, expired 过期, cancelled 取消"
    )
    gateway: str | None
    parts: int = Field(description="as how many short messages")
    reason: str | None = Field(description="why it waits or has failed: a code of ours or of the carrier")
    created_at: datetime
    at: datetime = Field(description="since when it has this status")
