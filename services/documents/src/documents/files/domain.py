"""The rules of files: what may be kept, under which name. Standard library only."""

import re
import unicodedata
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from email.message import Message
from email.utils import collapse_rfc2231_value

from documents.files.ends import Directories, least
from documents.files.kinds import FAMILIES, TYPES, Kind, family, kind_of
from kit.errors import Refused

LONGEST_NAME = 200
NO_CLAIM = ("", "application/octet-stream")  # senders that do not know the type: the first bytes decide alone
EXTENSION = re.compile(r"\.([a-z][a-z0-9]{0,9}|3gpp?|3g2)$", re.IGNORECASE)
UNFIT = set("/\\\ufffd")  # paths, and what stands for bytes that are no letter
# characters that are not seen, or that turn the order of the others round (U+202E shows fdp.exe as exe.pdf)
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@dataclass(frozen=True, slots=True)
class Claim:
    """What the sender says of a file: media type, empty for none; name; and the families that may come here."""

    declared: str = ""
    name: str | None = None
    families: AbstractSet[str] = frozenset(FAMILIES)

    def __repr__(self) -> str:
        return f"Claim({self.declared})"

    def checked(self, head: bytes) -> tuple[Kind, str]:
        """What a file with these first bytes is, and its media type: the declared one, if the bytes bear it out, the
        likeliest where none is declared.

        Raises Refused: "unsupported-media" for what is not kept here, "media-type-mismatch" and "extension-mismatch"
        when it is something else than it is called: what opens a file goes by its name.
        """
        kind = kind_of(head)
        named = self.declared.partition(";")[0].strip().lower()
        accepted = sorted(each for each in TYPES if family(each) in self.families)
        if kind is None:
            raise Refused("unsupported-media", accepted=accepted)
        found = kind.types[0] if named in NO_CLAIM else named
        if found not in kind.types:
            raise Refused("media-type-mismatch", declared=named[:100], looks_like=sorted(kind.types))
        if family(found) not in self.families:
            raise Refused("unsupported-media", accepted=accepted)
        extension = EXTENSION.search(self.name or "")
        if extension and extension[1].lower() not in kind.extensions:
            raise Refused("extension-mismatch", expected=sorted(kind.extensions))
        return kind, found


def check_whole(kind: Kind, head: bytes, tail: bytes | bytearray, size: int, directories: Directories) -> None:
    """Raises Refused("truncated-file") for a file whose end is not there, as far as anything tells."""
    if kind.end not in tail or size < least(head) or not directories.are_in(size):
        raise Refused("truncated-file")


def file_name(disposition: str | None) -> str | None:
    """The file name in a Content-Disposition header (RFC 6266, RFC 8187); None when it names none. Raises Refused."""
    return proper_name(_named(disposition or ""), "header.content-disposition")


def proper_name(named: str, field: str) -> str | None:
    """A name as it may be kept; None for an empty one.

    Raises Refused("invalid-input") for one that is too long, holds a path or characters that are not seen.
    """
    name = named.strip()
    if not name:
        return None
    if len(name) > LONGEST_NAME:
        raise _bad_name(field, f"longer than {LONGEST_NAME} characters (文件名过长)")
    if set(name) & UNFIT or any(unicodedata.category(letter) in UNSEEN for letter in name):
        raise _bad_name(field, "control characters, paths, broken letters (文件名不允许控制字符、路径和乱码)")
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


def _bad_name(field: str, reason: str) -> Refused:
    return Refused("invalid-input", errors=[{"field": field, "reason": reason}])
