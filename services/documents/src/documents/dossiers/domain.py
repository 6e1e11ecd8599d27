"""What a dossier (电子卷宗) consists of, and what is wrong with one. Standard library only.

A dossier is a ZIP archive, nothing in it compressed. `manifest.json` names all else with its SHA-256; `manifest.jws` is
the same text signed by the node that made it (RFC 7515), `keys.json` that node's public key.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

FORMAT = "xinqiao-dossier/1"
MANIFEST, SIGNATURE, KEYS = "manifest.json", "manifest.jws", "keys.json"
OWN = frozenset({MANIFEST, SIGNATURE, KEYS})  # which a manifest does not name
BOUND, AUDIT, STEPS = "卷宗.pdf", "audit.jsonl", "steps.json"
MOST = 20_000  # entries of a dossier
LARGEST = 64 * 1024 * 1024  # bytes of a manifest or a signature that is read
_DIGEST = re.compile(r"[0-9a-f]{64}")

What = Literal["file", "paper", "sealed-paper", "record"]
Kind = Literal["altered", "added", "removed", "unreadable", "unsigned", "audit-altered", "signature"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the catalogue (卷内目录). title: as people call it; at: ISO 8601; page: where it begins in the bound
    PDF, from 1; pages: how many it has there.
    """

    path: str
    what: What
    title: str
    media_type: str
    bytes: int
    sha256: str
    unit: str = ""
    at: str = ""
    id: str = ""
    page: int | None = None
    pages: int | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a dossier. node: path of the one that made it; for_unit, made_by: who asked."""

    petition_id: str
    node: str
    for_unit: str
    made_by: str
    made_at: str
    purpose: str
    entries: tuple[Entry, ...]
    format: str = FORMAT

    def text(self) -> bytes:
        """JSON, keys in order, UTF-8: what is signed."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, indent=1).encode()


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and with what: a path within the dossier, or a place in the audit."""

    kind: Kind
    what: str


@dataclass(frozen=True, slots=True)
class Part:
    """A thing of the dossier; content: None for what has no pages. day: as shown in the catalogue."""

    title: str
    unit: str
    day: str
    media_type: str
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Bound:
    """The bound PDF within a dossier: at which of its bytes it begins, how many it has, its SHA-256."""

    begins: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part stands: its first page, from 1, and how many there are; None: it is in the archive only."""

    page: int | None
    pages: int | None


class Malformed(ValueError):
    """No dossier, or not one of a format known here. The text says what is amiss."""


def manifest_of(text: bytes) -> Manifest:
    """Read a manifest. Raises Malformed."""
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise Malformed(f"the format is {str(data['format'])[:40]!r}, this program knows {FORMAT!r}")
        if len(data["entries"]) > MOST:
            raise Malformed(f"more than {MOST} entries")
        entries = tuple(Entry(**entry) for entry in data["entries"])
        manifest = Manifest(**{**data, "entries": entries})
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise error if isinstance(error, Malformed) else Malformed(f"the manifest cannot be read: {error}") from error
    for entry in manifest.entries:
        if not (isinstance(entry.path, str) and isinstance(entry.sha256, str) and _DIGEST.fullmatch(entry.sha256)):
            raise Malformed("an entry without path or SHA-256")
    return manifest


def compare(manifest: Manifest, found: Mapping[str, str], twice: Sequence[str] = ()) -> Iterator[Fault]:
    """What is not as the manifest says. found: SHA-256 by path; twice: paths that stand in the archive more than once,
    so that another program might open another one.
    """
    listed = {entry.path: entry.sha256 for entry in manifest.entries}
    for path, digest in listed.items():
        if path not in found:
            yield Fault("removed", path)
        elif found[path] != digest:
            yield Fault("altered", path)
    yield from (Fault("added", path) for path in sorted({*found} - {*listed} - OWN))
    yield from (Fault("added", path) for path in twice)


def file_path(place: int, folder: str, name: str) -> str:
    """Where something stands in the archive: a number that keeps the order, and a name every system can write."""
    fit = re.sub(r'[\x00-\x1f<>:"/\\|?*\x7f]', "_", name).strip(" .") or "无名"
    stem, dot, suffix = fit.rpartition(".")
    if not dot or len(suffix) > 8:
        stem, suffix = fit, ""
    return f"{folder}/{place:03d}-{stem[:80]}{'.' if suffix else ''}{suffix}"


def lines_of(text: bytes) -> Iterator[dict[str, Any]]:
    """The entries of an audit extract. Raises Malformed."""
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise Malformed("the audit extract cannot be read") from error
        if not isinstance(entry, dict):
            raise Malformed("the audit extract cannot be read")
        yield entry
