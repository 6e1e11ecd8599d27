"""The process that lays papers out: asked on standard input, answers on standard output, ends when nobody asks.

A question is a length (4 bytes) and JSON; an answer is "P" or "E", a length, and the PDF or the problem as JSON.
"""

import base64
import json
import os
import resource
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from documents.papers.library import Library
from documents.papers.rendering import Filled, Marks, render
from kit.errors import Refused

MEMORY = 2 * 1024**3  # address space in bytes; an ordinary paper takes a fifth of it
LENGTH = 4


def question(paper: Filled, marks: Marks) -> bytes:
    """What a worker is asked."""
    seal = None if marks.seal is None else base64.b64encode(marks.seal).decode()
    body = {
        "paper": [paper.kind, paper.template_version, dict(paper.sections)],
        "marks": [
            marks.number, marks.unit_name, marks.issued_on and marks.issued_on.isoformat(), marks.verify_url, seal,
            marks.watermark, marks.correction,
        ],
    }  # fmt: skip
    text = json.dumps(body, ensure_ascii=False).encode()
    return len(text).to_bytes(LENGTH) + text


def _asked(text: bytes) -> tuple[Filled, Marks]:
    body = json.loads(text)
    kind, version, sections = body["paper"]
    number, unit_name, issued_on, verify_url, seal, *told = body["marks"]
    when = None if issued_on is None else date.fromisoformat(issued_on)
    image = None if seal is None else base64.b64decode(seal)
    return Filled(kind, version, sections), Marks(number, unit_name, when, verify_url, image, *told)


def _answer(text: bytes, library: Library) -> tuple[bytes, bytes]:
    try:
        return b"P", render(*_asked(text), library)
    except Refused as error:
        return b"E", _problem(error.slug, error.facts)
    except Exception as error:  # noqa: BLE001 - whatever it was, the process that asked is told; without the text
        return b"E", _problem("paper-not-rendered", {"error": type(error).__name__})


def _problem(slug: str, facts: Mapping[str, Any]) -> bytes:
    return json.dumps({"slug": slug, "facts": facts}, default=str).encode()


def serve(asking: BinaryIO, answering: BinaryIO, library: Library) -> None:
    while len(head := asking.read(LENGTH)) == LENGTH:
        kind, content = _answer(asking.read(int.from_bytes(head)), library)
        answering.write(kind + len(content).to_bytes(LENGTH) + content)
        answering.flush()


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    own = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answering:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
        serve(sys.stdin.buffer, answering, Library.of_node(own))


if __name__ == "__main__":
    main()
