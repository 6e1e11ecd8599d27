"""Shapes of the inbox and of preferences."""

import re
from datetime import datetime, time
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from notify.staff.domain import KINDS, Channel, Kind


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ItemOut(BaseModel):
    """Something that happened. zh, en: what; level: of a time limit; reason: a code."""

    id: UUID
    kind: str = Field(
        description="registered 新登记, to-receive 待签收, to-decide 待决定, to-approve 待审批, to-revise 待修改, "
        "supervision 督查督办, deadline 期限预警, progress 办理进展, supplement 补充材料, texts 短信"
    )
    zh: str
    en: str
    petition_id: UUID | None = Field(description="null: it is about texts")
    number: str = Field(description="empty: likewise")
    conversation: UUID | None = Field(default=None, description="of one telephone, at the desk; null: of several")
    about: str = Field(description="which request or time limit, how many texts; empty: a step of the case, one text")
    level: str
    reason: str | None
    due_at: datetime | None
    at: datetime
    read_at: datetime | None


class Unread(BaseModel):
    count: int = Field(description="of the newest 2 000 of the unit; not counted beyond 100")


class ReadIn(Body):
    """items: these; until: all up to this one, itself included."""

    items: list[UUID] = Field(default=[], max_length=200)
    until: UUID | None = None


class Quiet(Body):
    """Hours in China in which nothing is sent, over midnight too."""

    since: time
    until: time


class PreferencesIn(Body):
    """ways: kind of item -> by which ways beside the inbox; those that are not named: by none."""

    language: Annotated[str, Field(pattern=r"^(zh|en)$")]
    quiet: Quiet | None = None
    ways: dict[Kind, list[Channel]] = Field(default={}, max_length=len(KINDS))


class AddressOut(BaseModel):
    channel: str
    value: str = Field(description="masked; of a webhook its host")
    confirmed_at: datetime | None


class DeliveryOut(BaseModel):
    channel: str
    kind: str
    count: int
    state: str = Field(
        description="gathering 汇集中, queued 待发, sending 发送中, sent 已发, failed 未能发出, cancelled 已取消"
    )
    reason: str | None
    created_at: datetime
    state_at: datetime


class PreferencesOut(BaseModel):
    """offered: the ways that this node has; lately: what was sent by them."""

    language: str
    quiet: Quiet | None
    ways: dict[str, list[str]]
    addresses: list[AddressOut]
    offered: list[str]
    lately: list[DeliveryOut]


PATTERNS = {
    "email": r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}",
    "sms": r"(\+|00)?[0-9][0-9 -]{4,20}[0-9]",
    "webhook": r"https?://[!-~]{1,1900}",
}


class AddressIn(Body):
    channel: Channel
    value: str = Field(min_length=3, max_length=2000, description="address, number or URL")

    @field_validator("value")
    @classmethod
    def _fits(cls, value: str, info: ValidationInfo) -> str:
        channel = info.data.get("channel")
        if channel is not None and not re.fullmatch(PATTERNS[channel], value):
            raise ValueError(f"not an address for {channel}")
        return value


class AddressSet(BaseModel):
    """secret: what webhooks are signed with, shown this once; null: a code was sent, which confirms the address."""

    secret: str | None


class ConfirmIn(Body):
    channel: Channel
    code: str = Field(pattern=r"^[0-9]{6}$")


class RemoveIn(Body):
    channel: Channel


class Done(BaseModel):
    done: bool = True
