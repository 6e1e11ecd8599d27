"""What an operator may set for identity papers, in [services.documents.identity] of the node file."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class PurposeChoice(BaseModel):
    """A purpose that may be stated. words: it needs some of the reader's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(pattern=r"^[a-z]+(-[a-z]+){0,5}$", max_length=40)
    zh: str = Field(min_length=1, max_length=40)
    en: str = Field(min_length=1, max_length=80)
    words: bool = False


PURPOSES = (
    PurposeChoice(code="verify-petitioner", zh="核实信访人身份", en="to verify who the petitioner is"),
    PurposeChoice(code="handle-case", zh="调查核实、办理信访事项", en="to investigate and handle the case"),
    PurposeChoice(code="serve-papers", zh="送达文书、联系信访人", en="to serve papers on the petitioner"),
    PurposeChoice(code="pay-or-grant", zh="兑现救助、补偿等待遇", en="to pay or grant what was decided"),
    PurposeChoice(code="review-case", zh="复查复核、督查评查", en="to review or inspect the case"),
    PurposeChoice(code="legal-procedure", zh="依法提供给司法、监察等机关", en="for a procedure by law"),
    PurposeChoice(code="other", zh="其他(须说明)", en="other, in words", words=True),
)
NAMES = (
    "身份证", "居民证", "户口", "户籍", "居住证", "护照", "通行证", "驾驶证", "驾照", "军官证", "士兵证", "社保卡",
    "残疾证", "银行卡", "idcard", "id card", "id-card", "id_card", "passport",
)  # fmt: skip
Word = Annotated[str, Field(min_length=2, max_length=40)]


class IdentitySettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    purposes: tuple[PurposeChoice, ...] = Field(
        default=PURPOSES, min_length=1, max_length=40, description="what identity papers may be read for"
    )
    names: tuple[Word, ...] = Field(
        default=NAMES, max_length=100, description="in a file's name: it is held to be one until somebody says no"
    )
