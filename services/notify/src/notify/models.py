"""Shapes of notify's answers."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field


class Message(BaseModel):
    """That a petitioner was told, never what: the text may hold a query code."""

    id: UUID
    petition_id: UUID
    number: str
    template: str = Field(description="registered 登记, received 签收, accepted 受理, closed 办结")
    language: str
    phone: str = Field(description="masked")
    status: str = Field(description="queued 待发, sending 发送中, sent 已发, failed 未能发出")
    gateway: str | None
    created_at: datetime
    at: datetime = Field(description="since when it has this status")
