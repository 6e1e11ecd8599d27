"""Reads the sections out of a .docx that was edited: run as a script, the file on standard input, JSON out; its
argument is JSON too: heading -> section, null for what is our own text.

Run within bounds (documents.launch); standard library only. Headings tell the sections: content controls would
name them more firmly, but LibreOffice writes their text two and three times. What belongs to no section is named by
its place, never by what it says.
"""

import io
import json
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as ET

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
CORE = "{http://schemas.openxmlformats.org/package/2006/metadata/core-properties}"
COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
MEMBERS, LARGEST, PARAGRAPHS = 500, 20 * 1024 * 1024, 20_000
BODY, PROPERTIES = "word/document.xml", "docProps/core.xml"
BREAKS = {f"{WORD}br": "\n", f"{WORD}cr": "\n", f"{WORD}tab": "\t"}
# what nobody reads any more: moved away or deleted while changes were tracked, drawn anew for old programs
GONE = frozenset({f"{WORD}moveFrom", f"{WORD}del", f"{COMPATIBILITY}Fallback"})
# what the libraries raise at a broken archive
BROKEN = (
    KeyError, UnicodeDecodeError, ET.ParseError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError,
    OSError, zlib.error, struct.error,
)  # fmt: skip


class Unreadable(ValueError):
    """reason: a word for what is wrong."""


def read(content: bytes, headings: Mapping[str, str | None]) -> dict[str, Any]:
    """sections: name -> paragraphs; unknown: places of what belongs to none; template, version: of the draft that was
    downloaded, as far as the file still says. Raises Unreadable.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (ValueError, *BROKEN) as error:
        raise Unreadable("not-a-docx") from error
    with archive:
        members = archive.infolist()
        if len(members) > MEMBERS or sum(each.file_size for each in members) > LARGEST:
            raise Unreadable("too-large-inside")
        body = _tree(archive, BODY).find(f"{WORD}body")
        if body is None:
            raise Unreadable("not-a-docx")
        return {**_by_headings(body, headings), **_origin(archive)}


def _tree(archive: zipfile.ZipFile, name: str) -> ET.Element:
    try:
        with archive.open(name) as member:
            text = member.read(LARGEST + 1).decode("utf-8")
        if len(text) > LARGEST or "<!DOCTYPE" in text:  # no entities: nothing grows while it is read
            raise Unreadable("hostile")
        return ET.fromstring(text.encode())  # noqa: S314 - no document type, and this process is confined
    except BROKEN as error:
        raise Unreadable("not-a-docx") from error


def _by_headings(body: ET.Element, headings: Mapping[str, str | None]) -> dict[str, Any]:
    sections: dict[str, list[str]] = {}
    unknown: list[str] = []
    name: str | None = None
    for number, (text, heading) in enumerate(_paragraphs(body), start=1):
        if number > PARAGRAPHS:
            raise Unreadable("too-large-inside")
        said = text.strip()
        if said in headings:
            name = headings[said]
            if name is not None:
                sections.setdefault(name, [])
        elif said and (heading or name is None):
            unknown.append(f"paragraph {number}")
        elif name is not None:
            sections[name].append(text)
    return {"sections": sections, "unknown": unknown}


def _paragraphs(block: ET.Element) -> Iterator[tuple[str, bool]]:
    """All below a block, in order, those in tables too: what a reader sees, and whether it is a heading."""
    for each in block:
        if each.tag == f"{WORD}p":
            style = each.find(f"{WORD}pPr/{WORD}pStyle")
            yield "".join(_texts(each)), style is not None and (style.get(f"{WORD}val") or "").startswith("Heading")
        elif each.tag not in GONE:
            yield from _paragraphs(each)


def _texts(part: ET.Element) -> Iterator[str]:
    for each in part:
        if each.tag == f"{WORD}t":
            yield each.text or ""
        elif each.tag in BREAKS:
            yield BREAKS[each.tag]
        elif each.tag not in GONE:
            yield from _texts(each)


def _origin(archive: zipfile.ZipFile) -> dict[str, str | None]:
    try:
        core = _tree(archive, PROPERTIES)
    except Unreadable:
        return {"template": None, "version": None}
    found = {name: core.find(f"{CORE}{name}") for name in ("category", "version")}
    said = {name: None if each is None else (each.text or "")[:100] for name, each in found.items()}
    return {"template": said["category"], "version": said["version"]}


def main() -> None:
    try:
        answer = read(sys.stdin.buffer.read(), json.loads(sys.argv[1]))
    except (Unreadable, RecursionError) as error:
        answer = {"unreadable": str(error) if isinstance(error, Unreadable) else "hostile"}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
