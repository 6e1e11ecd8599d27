"""Which kinds of files there are: how each begins and ends, and how senders name it. Standard library only."""

import codecs
import re
from dataclasses import dataclass
from typing import Literal, get_args

HEAD = 4096  # bytes that tell what a file is
CONTROL = bytes({*range(0x20), 0x7F} - set(b"\t\n\r\f"))
TAIL = 65_557  # bytes that tell whether its end is there: a comment of 64 KiB may follow the end of a ZIP archive


@dataclass(frozen=True, slots=True)
class Kind:
    """types: media types, the one first that is meant where the sender makes no claim; extensions: without the dot;
    end: bytes that stand near its end, empty where nothing tells.
    """

    begins: re.Pattern[bytes]
    types: tuple[str, ...]
    extensions: frozenset[str]
    end: bytes = b""


def _kind(begins: bytes, types: tuple[str, ...], extensions: str, end: bytes = b"") -> Kind:
    return Kind(re.compile(begins, re.DOTALL), types, frozenset(extensions.split()), end)


ARCHIVE = ("application/zip", "application/x-zip-compressed")
OFFICE_OPEN = "application/vnd.openxmlformats-officedocument."
ZIPPED = (
    *ARCHIVE,
    *(
        OFFICE_OPEN + kind
        for kind in ("wordprocessingml.document", "spreadsheetml.sheet", "presentationml.presentation")
    ),
    *(f"application/vnd.oasis.opendocument.{kind}" for kind in ("text", "spreadsheet", "presentation")),
    *(f"application/wps-office.{kind}" for kind in ("docx", "xlsx", "pptx")),  # as machines with WPS name them
)
COMPOUND = (
    "application/x-ole-storage",
    "application/msword",
    *(f"application/vnd.ms-{kind}" for kind in ("excel", "powerpoint", "works")),
    *(f"application/wps-office.{kind}" for kind in ("doc", "xls", "ppt", "wps", "et", "dps")),
)
MP4 = ("video/mp4", "audio/mp4", "video/x-m4v", "audio/x-m4a", "audio/m4a")
NO_FILM = rb"(?!heic|heix|hevc|heim|mif1|msf1|avif|avis|crx )"  # pictures in the same box
TEXT = _kind(b"", ("text/plain",), "txt text csv md log")
KINDS = (
    _kind(rb"%PDF-", ("application/pdf",), "pdf", b"%%EOF"),
    _kind(rb"\x89PNG\r\n\x1a\n", ("image/png",), "png", b"IEND"),
    _kind(rb"\xff\xd8\xff", ("image/jpeg",), "jpg jpeg jpe jfif", b"\xff\xd9"),
    _kind(rb"II\*\0|MM\0\*", ("image/tiff",), "tif tiff"),
    _kind(rb"RIFF.{4}WEBP", ("image/webp",), "webp"),
    _kind(rb"PK\x03\x04", ZIPPED, "zip docx xlsx pptx odt ods odp", b"PK\x05\x06"),
    _kind(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", COMPOUND, "doc xls ppt wps et dps"),
    _kind(rb"RIFF.{4}WAVE", ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"), "wav"),
    _kind(rb"RIFF.{4}AVI ", ("video/x-msvideo", "video/avi", "video/msvideo"), "avi"),
    _kind(rb"ID3[\x02-\x04]|\xff[\xfb\xfa\xf3\xf2\xe3\xe2]", ("audio/mpeg", "audio/mp3", "audio/mpeg3"), "mp3"),
    _kind(rb"\xff[\xf1\xf0\xf9\xf8]", ("audio/aac", "audio/x-aac", "audio/aacp"), "aac"),
    _kind(rb"#!AMR(-WB)?\n", ("audio/amr", "audio/amr-wb", "audio/3gpp"), "amr awb"),
    _kind(rb"OggS\0", ("audio/ogg", "video/ogg", "application/ogg", "audio/opus"), "ogg oga ogv opus"),
    _kind(rb"\x1aE\xdf\xa3.{0,64}webm", ("video/webm", "audio/webm"), "webm weba"),
    _kind(rb"\0.{3}ftypM4[AB] ", ("audio/mp4", "audio/x-m4a", "audio/m4a", "video/mp4"), "m4a m4b mp4"),
    _kind(rb"\0.{3}ftyp3g", ("video/3gpp", "audio/3gpp", "video/3gpp2", "audio/3gpp2", *MP4), "3gp 3gpp 3g2 mp4"),
    _kind(rb"\0.{3}(ftypqt  |moov|mdat|wide|free|skip)", ("video/quicktime", *MP4), "mov qt mp4 m4v"),
    _kind(rb"\0.{3}ftyp" + NO_FILM, MP4, "mp4 m4v m4a"),
    TEXT,
)
TYPES = frozenset(media_type for kind in KINDS for media_type in kind.types)
Family = Literal["pdf", "image", "office", "archive", "text", "audio", "video"]
FAMILIES: tuple[Family, ...] = get_args(Family)


def family(media_type: str) -> str:
    """Which of FAMILIES a media type is of: what an operator allows or not."""
    general, _, special = media_type.partition("/")
    if general in FAMILIES:
        return general
    if media_type in ARCHIVE:
        return "archive"
    return {"pdf": "pdf", "ogg": "audio"}.get(special, "office")


def kind_of(head: bytes) -> Kind | None:
    """What a file with these first bytes is; None for what is not kept here."""
    for kind in KINDS:
        if kind is not TEXT and kind.begins.match(head):
            return kind
    return TEXT if _is_text(head) else None


def _is_text(head: bytes) -> bool:
    """UTF-8 or GB 18030 without control characters; the last character may be cut."""
    if not head or any(byte in CONTROL for byte in head):
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        return True
    return False


def needs_password(kind: Kind, head: bytes, tail: bytes | bytearray) -> bool:
    """Whether what is in it is encrypted: a PDF says so where its catalogue begins, an archive at its first entry."""
    if "application/pdf" in kind.types:
        return b"/Encrypt" in tail or b"/Encrypt" in head
    return kind.types is ZIPPED and bool(head[6:7] and head[6] & 1)
