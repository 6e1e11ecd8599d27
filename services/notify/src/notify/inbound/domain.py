"""What a text from a telephone means. Tolerant of how people type; whatever is not understood is for a person.

Standard library only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

# full-width letters, digits, signs and the space as the narrow ones: one for one, so places in the text stay the same
NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xA0: 0x20}
# what no petition is written with: control characters, marks that are not seen, halves of a pair
UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060\ufeff\ud800-\udfff\ufffe\uffff]"
)
NAME, ADDRESS, CONTENT = "name", "address", "content"
LONGEST = MappingProxyType({NAME: 30, ADDRESS: 300, CONTENT: 20_000})
SATISFIED = MappingProxyType({1: "satisfied", 2: "fairly", 3: "not"})  # domain rule: 满意, 基本满意, 不满意
LONGEST_QUESTION = 200  # what asks for a status holds a number and little else
ANONYMOUS = ("匿名", "不便透露", "保密", "无")

_SIGNS = r"[\s:;,.。、，：；#!?！？\-]*"
# XF, region, day, sequence, check character; people part it by spaces and hyphens, or leave the letters out
_NUMBER = r"(?:X\s?F[\s\-]*)?(?:\d[\s\-]*){20}[0-9A-Z]"
_MISTYPED = r"X\s?F[\s\-]*(?:\d[\s\-]*){6,30}[A-Z]?"
_ASKED = rf"(?:(?:我的|信访|受理|登记)?编号|查询|查|CX){_SIGNS}"
STATUS = re.compile(rf"(?:{_ASKED})*(?P<number>{_NUMBER}|{_MISTYPED}){_SIGNS}", re.IGNORECASE)
LIST = re.compile(rf"(?:CX|查询|进度){_SIGNS}", re.IGNORECASE)
COMMAND = re.compile(r"(?P<word>BC|补充|PJ|评价|SS)(?=XF|[^A-Z]|$)", re.IGNORECASE)
NUMBERED = re.compile(rf"{_SIGNS}(?:编号{_SIGNS})?(?P<number>{_NUMBER}|{_MISTYPED})?{_SIGNS}", re.IGNORECASE)
WORDS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("TD", "T", "退订", "TD退订"), "opt-out")
    | dict.fromkeys(("KT", "开通", "恢复"), "opt-in")
    | dict.fromkeys(("HELP", "帮助", "BZ", "?"), "help")
)
# longest first: "不满意" holds "满意"
RATED: Mapping[str, int] = MappingProxyType(
    dict.fromkeys(("非常不满意", "很不满意", "不太满意", "不满意"), 3)
    | dict.fromkeys(("基本满意", "比较满意"), 2)
    | dict.fromkeys(("非常满意", "很满意", "满意"), 1)
)
RATING = re.compile("|".join((*RATED, "[1-3]")))
RATING_FILLER = re.compile(
    r"(?:信访|部门|责任|承办|单位|机构|办公室|局|办|对|的|都|均|分|和|与|[\s:;,.。、，：；#/!！\-])*"
)
LABEL = re.compile(r"(?:姓名|名字|地址|住址|内容|反映内容|事项)\s*[:：]\s*")
PLACE = re.compile("[省市县区旗州镇乡村路街巷弄道组队社屯庄苑园里号楼栋幢室户]")
# "我家在4#楼", "三期9#栋": the sign of a building, not of the form
NO_NAME = re.compile(r"[,.。，、：；;:!?！？]|\d$")
ENDS_AS_PLACE = re.compile(r"(?:[省市县区旗州镇乡村路街巷弄组队社屯庄苑园里号楼栋幢室户]|\d+)$")


@dataclass(frozen=True, slots=True)
class Petition:
    """Something raised. A part is null while it is missing; a name or address that is empty will not be told."""

    name: str | None = None
    address: str | None = None
    content: str | None = None

    def __repr__(self) -> str:
        return "Petition(…)"

    @property
    def missing(self) -> str | None:
        """What has to be asked for next."""
        return next((part for part in (NAME, ADDRESS, CONTENT) if getattr(self, part) is None), None)

    def told(self, part: str, text: str) -> "Petition":
        """With the answer to the question for a part."""
        return replace(self, **{part: _part(part, text)})

    def with_later(self, later: "Petition") -> "Petition":
        """With what was said anew."""
        said = {part: getattr(later, part) for part in (NAME, ADDRESS, CONTENT)}
        return replace(self, **{part: text for part, text in said.items() if text is not None})


@dataclass(frozen=True, slots=True)
class Status:
    """Where a petition stands; of null all of this phone."""

    number: str | None


@dataclass(frozen=True, slots=True)
class Supplement:
    """More to a petition; of null the only one of this phone."""

    number: str | None
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rating:
    """How satisfied with the office and with the unit; null where it was not understood."""

    number: str | None
    office: str | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class Digit:
    """One digit alone: the answer to a question that was asked, if one was."""

    value: int


@dataclass(frozen=True, slots=True)
class Wish:
    """opt-out, opt-in or help."""

    what: str


@dataclass(frozen=True, slots=True)
class Appeal:
    """Against a block."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """For a person to read; or the answer to what a dialogue asked for."""


Meaning = Petition | Status | Supplement | Rating | Digit | Wish | Appeal | Unclear


def clean(text: str) -> str:
    """Without what is not seen; line ends as one sign."""
    return UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def narrow(text: str) -> str:
    """As many letters, the full-width ones narrow."""
    return text.translate(NARROW)


def same_text(text: str) -> str:
    """What two texts have in common that were written alike."""
    return "".join(narrow(clean(text)).upper().split())


def number_of(text: str) -> str:
    """A petition number as it is registered."""
    written = "".join(letter for letter in narrow(text).upper() if letter.isalnum())
    return written if written.startswith("XF") else "XF" + written


def parse(text: str) -> Meaning:
    """Never fails; whatever is said is either understood or Unclear."""
    said = clean(text)
    plain = narrow(said)
    word = WORDS.get(plain.upper().strip(" 。.!！"))
    if word is not None:
        return Wish(word)
    if len(plain) == 1 and plain.isascii() and plain.isdigit():
        return Digit(int(plain))
    if len(plain) <= LONGEST_QUESTION:
        if found := STATUS.fullmatch(plain):
            return Status(number_of(found["number"]))
        if LIST.fullmatch(plain):
            return Status(None)
    if found := COMMAND.match(plain):
        understood = _command(found["word"].upper(), said[found.end() :])
        if understood is not None:
            return understood
    return _petition(said, plain) if "#" in plain else Unclear()


def supplemented(text: str) -> str:
    """What a text adds to a petition: all of it, but for the command that it begins with."""
    meaning = parse(text)
    return meaning.content if isinstance(meaning, Supplement) and meaning.content else clean(text)


def _command(word: str, rest: str) -> Meaning | None:
    """Null: it only looks like one (补充, 评价 are words of the language too)."""
    plain = narrow(rest)
    found = NUMBERED.match(plain)
    number = number_of(found["number"]) if found is not None and found["number"] else None
    content = rest[found.end() if found is not None else 0 :].strip()
    if word == "SS":
        return Appeal()
    if word in {"PJ", "评价"}:
        rating = _rating(number, narrow(content))
        return rating if word == "PJ" or number is not None or rating.office is not None else None
    if word == "补充" and number is None:
        return None
    return Supplement(number, content) if len(content) <= LONGEST[CONTENT] else None


def _rating(number: str | None, plain: str) -> Rating:
    given = [RATED.get(each[0]) or int(each[0]) for each in RATING.finditer(plain)]
    if len(given) not in {1, 2} or not RATING_FILLER.fullmatch(RATING.sub("", plain)):
        return Rating(number, None, None)
    return Rating(number, SATISFIED[given[0]], SATISFIED[given[-1]])


def _petition(said: str, plain: str) -> Meaning:
    """name#address#content; further signs belong to the content."""
    first, second = (plain.find("#"), plain.find("#", plain.find("#") + 1))
    if second < 0:
        parts = _two(said[:first], said[first + 1 :])
    else:
        parts = Petition(
            _part(NAME, said[:first]), _part(ADDRESS, said[first + 1 : second]), _part(CONTENT, said[second + 1 :])
        )
    fits = all(len(getattr(parts, part) or "") <= longest for part, longest in LONGEST.items())
    named = parts.name is None or not NO_NAME.search(parts.name)
    return parts if fits and named and parts != Petition() else Unclear()


def _two(name: str, rest: str) -> Petition:
    """Name and one other part: an address is short and ends as one."""
    plain = narrow(rest.strip())
    if len(plain) <= 40 and PLACE.search(plain) and ENDS_AS_PLACE.search(plain):
        return Petition(_part(NAME, name), _part(ADDRESS, rest))
    return Petition(_part(NAME, name), content=_part(CONTENT, rest))


def _part(part: str, text: str) -> str | None:
    """Null where nothing is said; empty where it will not be told."""
    text = LABEL.sub("", text.strip(), count=1)
    if part == CONTENT:
        return text.strip("#＃ \n") or None
    line = " ".join(text.split())
    return "" if line in ANONYMOUS else line or None
