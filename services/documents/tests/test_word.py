"""Drafts taken to Word and back: what was written comes back, and what is hostile is refused in bounds."""

import asyncio
import io
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from documents.drafts import reading, word
from documents.papers.checking import check, tidied
from documents.papers.library import Library
from kit.errors import Refused

LIBRARY = Library.shipped()
LETTER = LIBRARY.newest("supervision-letter")


def headings() -> dict[str, str | None]:
    return {word._heading(LETTER, name): name for name in LETTER.schema["properties"]}


def edited(change: Any) -> bytes:
    """The draft with its examples, changed as a person would in Word."""
    document = Document(io.BytesIO(word.to_docx(LETTER, LETTER.examples, 3)))
    change(document)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def archive(**members: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name.replace("__", "/") + ".xml", content)
    return written.getvalue()


async def refusal(content: bytes) -> Refused:
    with pytest.raises(Refused) as told:
        await word.from_docx(LETTER, content)
    return told.value


@pytest.mark.parametrize("template", LIBRARY.offered(), ids=lambda each: each.kind)
async def test_every_kind_comes_back_as_it_went(template: Any) -> None:
    back = await word.from_docx(template, word.to_docx(template, template.examples, 7))
    assert (tidied(back.sections), back.version) == (template.examples, 7)
    empty = await word.from_docx(template, word.to_docx(template, {}, 1))
    assert tidied(empty.sections) == {}


# what XML can hold, without what Word takes for the end of a line, and no heading
lines = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=40).map(str.strip)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(problems=st.lists(lines, max_size=5).map("\n".join), attachments=st.lists(lines.filter(bool), max_size=4))
def test_whatever_is_written_comes_back(problems: str, attachments: list[str]) -> None:
    sections = tidied({"problems": problems, "attachments": attachments})
    told = reading.read(word.to_docx(LETTER, sections, 1), {**headings(), LETTER.zh: None, word.HINT: None})
    back = tidied(
        {name: word._value(LETTER.schema["properties"][name], said) for name, said in told["sections"].items()}
    )
    assert (back, told["unknown"]) == (sections, [])


async def test_a_section_that_was_changed_in_word_comes_back_changed() -> None:
    def change(document: Any) -> None:
        place = next(each for each in document.paragraphs if each.text.startswith("该事项已于"))
        place.text = "改过的理由。"
        place.insert_paragraph_before("又一段。")

    back = await word.from_docx(LETTER, edited(change))
    assert back.sections["problems"] == "又一段。\n改过的理由。"
    wrong, missing = check(LETTER, tidied(back.sections))
    assert (wrong, missing) == ([], [])


async def test_what_was_deleted_while_changes_were_tracked_does_not_come_back() -> None:
    def change(document: Any) -> None:
        place = next(each for each in document.paragraphs if each.text.startswith("该事项已于"))
        deleted = place._p.makeelement(f"{reading.WORD}del")
        deleted.append(place.runs[0]._r)
        place._p.append(deleted)
        place.add_run("新的理由。")

    assert (await word.from_docx(LETTER, edited(change))).sections["problems"] == "新的理由。"


async def test_parts_that_belong_to_no_section_are_named_by_place_and_not_by_what_they_say() -> None:
    def change(document: Any) -> None:
        document.paragraphs[2].insert_paragraph_before("张三丰的话")
        document.add_heading("【新的一项】", level=2)

    told = await refusal(edited(change))
    assert told.slug == "invalid-input"
    assert [each["field"].split()[0] for each in told.facts["errors"]] == ["docx.paragraph", "docx.paragraph"]
    assert "张三丰" not in str(told)


async def test_the_draft_of_another_template_is_refused() -> None:
    told = await refusal(word.to_docx(LIBRARY.newest("opinion"), {}, 1))
    assert (told.slug, told.facts["reason"]) == ("docx-unreadable", "another-template")


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
async def test_a_draft_that_libreoffice_saved_comes_back(tmp_path: Path) -> None:
    (tmp_path / "draft.docx").write_bytes(word.to_docx(LETTER, LETTER.examples, 3))
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "docx"]
    await asyncio.to_thread(
        subprocess.run,
        [*command, "--outdir", str(tmp_path / "out"), str(tmp_path / "draft.docx")],
        check=True,
        capture_output=True,
    )
    back = await word.from_docx(LETTER, (tmp_path / "out" / "draft.docx").read_bytes())
    assert (tidied(back.sections), back.version) == (LETTER.examples, 3)


WHOLE = word.to_docx(LETTER, LETTER.examples, 1)
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
NAMESPACE = b'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
DEEP = b"<w:document " + NAMESPACE + b"><w:body>" + b"<w:p>" * 200_000 + b"</w:p>" * 200_000 + b"</w:body></w:document>"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not-a-docx"),
        (b"PK\x03\x04 and no more", "not-a-docx"),
        (word.to_docx(LETTER, {}, 1)[:-400], "not-a-docx"),
        (archive(other=b"<x/>"), "not-a-docx"),
        (archive(word__document=b"<x>"), "not-a-docx"),
        (archive(word__document=b"<x/>"), "not-a-docx"),
        (archive(word__document=BOMB), "hostile"),
        (archive(word__document=BOMB.decode().encode("utf-16")), "not-a-docx"),
        (archive(word__document=DEEP), "hostile"),
        (archive(word__document=b"<x/>" + b" " * 30 * 1024 * 1024), "too-large-inside"),
        (archive(**{f"m{number}": b"" for number in range(600)}), "too-large-inside"),
    ],
    ids=range(11),
)  # fmt: skip
async def test_what_is_no_draft_or_hostile_is_refused(content: bytes, reason: str) -> None:
    told = await refusal(content)
    assert told.slug == "docx-unreadable"
    assert told.facts["reason"] in {reason, "takes-too-much"}


async def test_an_archive_that_lies_about_its_size_is_refused() -> None:
    """The directory says that there are ten bytes; thirty megabytes follow."""
    honest = bytearray(archive(word__document=b" " * 30 * 1024 * 1024))
    size = (30 * 1024 * 1024).to_bytes(4, "little")
    assert honest.count(size) == 2
    told = await refusal(bytes(honest.replace(size, (10).to_bytes(4, "little"))))
    assert told.slug == "docx-unreadable"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_file_with_flipped_bytes_is_read_or_refused_and_never_a_crash(data: st.DataObject) -> None:
    content = bytearray(WHOLE)
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=20)):
        content[place] ^= data.draw(st.integers(1, 255))
    try:
        reading.read(bytes(content), headings())
    except reading.Unreadable as error:
        assert str(error) in {"not-a-docx", "hostile", "too-large-inside"}  # noqa: PT017 - either is right
