"""What the text of a letter seems to say of who wrote it and what they ask for. Rules only, nothing is verified.
Standard library only.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from documents.pages.domain import HAN

LONGEST = 200
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643 (ISO 7064, MOD 11-2)
CHECKS = "10X98765432"
COLON = r"[ ]*[::;;]?[ ]*"
# words that begin the next entry of a form: a name ends before them
NEXT = r"性别|男|女|年龄|民族|电话|手机|联系|身份|证件|地址|住址|现住|家住|住所|职业|单位|签名|签字|日期"
NAME = re.compile(
    rf"(?:姓\s*名|信访人|上访人|来信人|反映人|举报人|申请人|投诉人|联系人|我叫){COLON}"
    rf"(?P<value>(?:(?!{NEXT})[{HAN}]){{1,8}}(?:·(?:(?!{NEXT})[{HAN}]){{1,10}})?)"
)
NO_NAME = re.compile(r"姓名|信访|代表|本人|如下|签|等$|的")
PHONE = re.compile(
    r"(?<![\dA-Za-z])(?P<value>(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}|0\d{2,3}[- ]?\d{7,8})(?![\dXx])"
)
ID_NUMBER = re.compile(r"(?<![\dA-Za-z])(?P<value>[1-9](?: ?\d){16} ?[\dXx])(?![\dA-Za-z])")
ADDRESS = re.compile(rf"(?:家庭住址|现住址|住址|地址|住所|家住|现住)(?:为|在|是)?{COLON}(?P<value>[^,。;,;]{{4,60}})")
PLACE = re.compile(r"[省市县区旗镇乡村街路弄巷号]")
REQUEST = re.compile(
    rf"(?:信访诉求|请求事项|信访请求|诉求|反映问题|请求)(?:如下|是|为)?{COLON}(?P<value>[^。!?!?]+[。!?!?]?(?:[^。!?!?]+[。!?!?])?)"
)
ASKING = re.compile(r"(?P<value>[^。!?!?]*(?:请求|恳请|恳求|要求|希望)[^。!?!?]*[。!?!?]?)")


@dataclass(frozen=True, slots=True)
class Proposed:
    """A value and where it was read. page, line: from 1; column: of the line's characters, from 0."""

    field: str
    value: str
    page: int
    line: int
    column: int

    def __repr__(self) -> str:
        return f"Proposed({self.field}, page {self.page}, line {self.line})"


def is_id_number(text: str) -> bool:
    """Eighteen places with a date that is one and the check character of GB 11643."""
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", text, re.ASCII):
        return False
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    return CHECKS[sum(int(digit) * weight for digit, weight in zip(text, WEIGHTS, strict=False)) % 11] == text[17]


def propose(pages: Sequence[str]) -> list[Proposed]:
    """The values found, field by field, each once and as it came first."""
    found: dict[tuple[str, str], Proposed] = {}
    for number, text in enumerate(pages, 1):
        for each in _of_page(number, text):
            found.setdefault((each.field, each.value), each)
    order = ("name", "id_number", "phone", "address", "request")
    return sorted(found.values(), key=lambda each: order.index(each.field))


def _of_page(number: int, text: str) -> Iterator[Proposed]:
    for line_number, line in enumerate(text.split("\n"), 1):
        for field, value, column in _of_line(line):
            yield Proposed(field, value, number, line_number, column)
    asked = REQUEST.search(text) or ASKING.search(text)  # a sentence goes over lines
    if asked:
        start = asked.start("value")
        start += len(asked["value"]) - len(asked["value"].lstrip())
        line_number, column = text.count("\n", 0, start) + 1, start - (text.rfind("\n", 0, start) + 1)
        value = asked["value"].replace("\n", "").strip()[:LONGEST]
        if len(value) > 3:
            yield Proposed("request", value, number, line_number, column)


def _of_line(line: str) -> Iterator[tuple[str, str, int]]:
    for hit in ID_NUMBER.finditer(line):
        value = hit["value"].replace(" ", "").upper()
        if is_id_number(value):
            yield "id_number", value, hit.start("value")
    for hit in PHONE.finditer(line):
        yield "phone", re.sub(r"^\+?86(?=1\d{10}$)", "", re.sub(r"[- ]", "", hit["value"])), hit.start("value")
    for hit in NAME.finditer(line):
        if (
            2 <= len(hit["value"]) <= 20
            and not NO_NAME.search(hit["value"])
            and ("·" in hit["value"] or len(hit["value"]) <= 4)
        ):
            yield "name", hit["value"], hit.start("value")
    for hit in ADDRESS.finditer(line):
        if PLACE.search(hit["value"]):
            yield "address", hit["value"].strip(), hit.start("value")
