"""The rules of files: what may be kept, under which name. Standard library only."""

import codecs
import re
import unicodedata
from email.message import Message
from email.utils import collapse_rfc2231_value

from kit.errors import Refused

HEAD = 4096  # bytes that tell what a file is
LONGEST_NAME = 200
PLAIN = "text/plain"
NO_CLAIM = ("", "application/octet-stream")  # senders that do not know the type: the first bytes decide alone
ZIPPED = (
    "application/zip",
    "application/x-zip-compressed",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
    *(f"application/wps-office.{kind}" for kind in ("docx", "xlsx", "pptx")),  # as machines with WPS name them
)
COMPOUND = (
    "application/x-ole-storage",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.ms-works",
    *(f"application/wps-office.{kind}" for kind in ("doc", "xls", "ppt", "wps", "et", "dps")),
)
# how a file begins, and the media types that begin so: the first one is meant where the sender makes no claim
SIGNATURES: tuple[tuple[re.Pattern[bytes], tuple[str, ...]], ...] = (
    (re.compile(rb"%PDF-"), ("application/pdf",)),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), ("image/png",)),
    (re.compile(rb"\xff\xd8\xff"), ("image/jpeg",)),
    (re.compile(rb"II\*\0|MM\0\*"), ("image/tiff",)),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), ("image/webp",)),
    (re.compile(rb"PK\x03\x04"), ZIPPED),
    (re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), COMPOUND),
)
ACCEPTED = frozenset((PLAIN,)).union(*(types for _, types in SIGNATURES))
UNFIT = set("/\\\ufffd")  # paths, and what stands for bytes that are no letter
# characters that are not seen, or that turn the order of the others round (U+202E shows fdp.exe as exe.pdf)
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def sniffed(head: bytes) -> tuple[str, ...]:
    """Media types that a file with these first bytes may have; none for what is not kept here."""
    for signature, types in SIGNATURES:
        if signature.match(head):
            return types
    return (PLAIN,) if _is_text(head) else ()


def _is_text(head: bytes) -> bool:
    """UTF-8 or GB 18030 without control characters; the last character may be cut."""
    if not head or any(byte < 0x20 and byte not in b"\t\n\r\f" for byte in head):
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        return True
    return False


def media_type(head: bytes, declared: str) -> str:
    """The declared media type, if the bytes bear it out; the likeliest one where none is declared.

    Raises Refused: "unsupported-media" for what is not kept here, "media-type-mismatch" when the two differ.
    """
    named = declared.partition(";")[0].strip().lower()
    found = sniffed(head)
    if not found:
        raise Refused("unsupported-media", accepted=sorted(ACCEPTED))
    if named in NO_CLAIM:
        return found[0]
    if named not in found:
        raise Refused("media-type-mismatch", declared=named[:100], looks_like=sorted(found))
    return named


def file_name(disposition: str | None) -> str | None:
    """The file name in a Content-Disposition header (RFC 6266, RFC 8187); None when it names none.

    Raises Refused("invalid-input") for one that is too long, holds a path or characters that are not seen.
    """
    name = _named(disposition or "").strip()
    if not name:
        return None
    if len(name) > LONGEST_NAME:
        raise _bad_name(f"longer than {LONGEST_NAME} characters (文件名过长)")
    if set(name) & UNFIT or any(unicodedata.category(letter) in UNSEEN for letter in name):
        raise _bad_name("control characters, paths, broken letters (文件名不允许控制字符、路径和乱码)")
    return name


def _named(disposition: str) -> str:
    """What the header says, unchecked: `filename*`, which may be in any script, goes before `filename`."""
    header = Message()
    header["Content-Disposition"] = _as_sent(disposition)
    names = [value for key, value in header.get_params([], "content-disposition") if key.lower() == "filename"]
    names.sort(key=lambda value: isinstance(value, str))
    return collapse_rfc2231_value(names[0]) if names else ""


def _as_sent(header: str) -> str:
    """A header is Latin-1 by its standard, but senders write UTF-8."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


def _bad_name(reason: str) -> Refused:
    return Refused("invalid-input", errors=[{"field": "header.content-disposition", "reason": reason}])
