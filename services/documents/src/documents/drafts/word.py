"""Drafts as .docx for those who must edit in Word, and what comes back as sections."""

import asyncio
import io
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from documents import launch
from documents.drafts import reading
from documents.drafts.domain import as_text
from documents.papers.library import Template
from kit.errors import Refused

LARGEST = 5 * 1024 * 1024
MEGABYTES, SECONDS = 512, 10
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
NOWHERE = {
    "reason": "不属于任何一项 (belongs to no section)",
    "zh": "不属于任何一项，请移到相应标题之下或删除",
    "en": "belongs to no section: move it below a heading, or delete it",
}
HINT = "请只修改各项标题下方的内容，不要改动标题。Edit only what stands below the headings, not the headings."


@dataclass(frozen=True, slots=True)
class Edited:
    """What came back. version: the one that was downloaded, if the file still says."""

    sections: dict[str, Any] = field(repr=False)
    version: int | None


def to_docx(template: Template, sections: Mapping[str, Any], version: int) -> bytes:
    """Every section below its heading; which template and version it is stands in the properties of the file."""
    from docx import Document

    document = Document()
    about = document.core_properties
    about.title, about.category, about.version = template.zh, template.key, str(version)
    about.author = about.comments = ""
    document.add_heading(template.zh, level=0)
    document.add_paragraph(HINT)
    for name in template.schema["properties"]:
        document.add_heading(_heading(template, name), level=2)
        for line in as_text(sections.get(name)).split("\n"):
            document.add_paragraph(line)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def _heading(template: Template, name: str) -> str:
    each = template.schema["properties"][name]
    choices = "；".join(f"{value}={words[0]}" for value, words in each.get("labels", {}).items())
    hints = (each.get("description"), choices, each.get("format") and "如 2026-01-31")
    return f"【{each['title']}】{'，'.join(hint for hint in hints if hint)}"


async def from_docx(template: Template, content: bytes) -> Edited:
    """What was edited, read by a process of its own within bounds.

    Raises Refused: "docx-unreadable", "invalid-input" with all parts that belong to no section.
    """
    own: dict[str, str | None] = dict.fromkeys((template.zh, HINT))
    known = template.schema["properties"]
    told = await _read(content, json.dumps({**own, **{_heading(template, name): name for name in known}}))
    if "unreadable" in told:
        raise Refused("docx-unreadable", reason=told["unreadable"])
    if told["template"] not in {None, "", template.key} or not told["sections"]:
        raise Refused("docx-unreadable", reason="another-template")
    if told["unknown"]:
        raise Refused("invalid-input", errors=[{"field": f"docx.{place}", **NOWHERE} for place in told["unknown"][:50]])
    sections = {name: _value(known[name], lines) for name, lines in told["sections"].items()}
    version = told["version"]
    return Edited(sections, int(version) if version and version.isdecimal() and len(version) < 7 else None)


def _value(section: Mapping[str, Any], lines: list[str]) -> Any:
    """As the schema wants it; what is not so is refused by the schema."""
    text = "\n".join(lines).strip()
    if section["type"] == "array":
        return text.split("\n")
    if section["type"] == "integer" and text.isdecimal() and len(text) < 10:
        return int(text)
    return text


async def _read(content: bytes, headings: str) -> dict[str, Any]:
    bounds = [str(each) for each in (MEGABYTES, SECONDS, LARGEST)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", launch.__file__, *bounds, sys.executable, "-I", reading.__file__, headings,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env={},
    )  # fmt: skip
    try:
        async with asyncio.timeout(SECONDS * 2):
            answer, _ = await process.communicate(content)
    except TimeoutError:
        answer = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0 or not answer:
        return {"unreadable": "takes-too-much"}
    told: dict[str, Any] = json.loads(answer)
    return told
