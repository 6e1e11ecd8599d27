"""The programs that handle what strangers sent: each run in a directory of its own, within bounds, without a shell."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from documents import launch
from documents.pages.settings import PagesSettings

PDF = "application/pdf"
# not imported here: it loads what handles pictures
CRAFT, PICTURES = Path(__file__).with_name("craft.py"), ("image/jpeg", "image/png", "image/tiff", "image/webp")
ANSWER = 256 * 1024  # bytes of an answer, at most
SUFFIXES = {
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.ms-works": "wps",
    **{f"application/wps-office.{kind}": kind for kind in ("doc", "docx", "xls", "xlsx", "ppt", "pptx", "wps")},
}
# in the office's own profile: no macros, no links followed, nothing loaded from elsewhere
PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
{items}</oor:items>
"""
ITEM = '<item oor:path="{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>\n'
QUIET = (
    ("/org.openoffice.Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("/org.openoffice.Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("/org.openoffice.Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("/org.openoffice.Office.Writer/Content/Update", "Link", "0"),
    ("/org.openoffice.Office.Calc/Content/Update", "Link", "2"),
    # a proxy where nobody answers
    ("/org.openoffice.Inet/Settings", "ooInetProxyType", "2"),
    ("/org.openoffice.Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("/org.openoffice.Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("/org.openoffice.Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("/org.openoffice.Inet/Settings", "ooInetHTTPSProxyPort", "9"),
)


class Unfit(Exception):
    """What was sent cannot be used; problem: a slug of the refusal catalogue."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Tools:
    """place: a directory of its own for this piece of work."""

    settings: PagesSettings
    place: Path

    async def craft(self, do: str, *, seconds: int, **order: Any) -> dict[str, Any]:
        """Carry out an order of craft.py. Raises Unfit."""
        written = self.place / "order.json"
        whole = {"do": do, "most_pixels": self.settings.most_pixels, **order}
        await asyncio.to_thread(written.write_text, json.dumps(whole, default=str))
        told: dict[str, Any] = json.loads(await self._run([sys.executable, "-I", str(CRAFT), str(written)], seconds))
        if "problem" in told:
            raise Unfit(told["problem"])
        return told

    async def picture(self, leaf: Row[Any], source: Path, out: Path) -> dict[str, Any]:
        """A page as it is to be read: and its own text if it has one. Raises Unfit."""
        return await self.craft(
            "picture", seconds=self.settings.page_seconds, source=source, media_type=leaf.media_type, page=leaf.page,
            rotation=leaf.rotation, dpi=self.settings.dots_per_inch, out=out,
        )  # fmt: skip

    async def convert(self, source: Path, media_type: str) -> Path:
        """An Office document as PDF. Raises Unfit."""
        office = shutil.which("soffice")
        if office is None:
            raise Unfit("conversion-not-installed")
        profile, out = self.place / "profile", self.place / "converted"
        await asyncio.to_thread(_prepare_profile, profile)
        named = await asyncio.to_thread(source.rename, source.with_suffix(f".{SUFFIXES[media_type]}"))
        arguments = [
            office, "--headless", "--norestore", "--nolockcheck", "--nodefault", "--nologo",
            f"-env:UserInstallation={profile.as_uri()}", "--convert-to", "pdf", "--outdir", str(out), str(named),
        ]  # fmt: skip
        await self._run(arguments, self.settings.file_seconds)
        made = out / f"{named.stem}.pdf"
        if not made.is_file():
            raise Unfit("not-converted")
        return made

    async def read(self, picture: Path) -> tuple[str, bytes]:
        """A page's text, and the text as a PDF page on which nothing is seen. Raises Unfit."""
        if shutil.which("tesseract") is None:
            raise Unfit("reading-not-installed")
        out = picture.with_suffix("")
        await self._run(
            ["tesseract", str(picture), str(out), "-l", self.settings.languages, "--psm", "1",
             "-c", "textonly_pdf=1", "pdf", "txt"],
            self.settings.page_seconds,
        )  # fmt: skip
        text, layer = out.with_suffix(".txt"), out.with_suffix(".pdf")
        return await asyncio.to_thread(text.read_text, errors="replace"), await asyncio.to_thread(layer.read_bytes)

    async def _run(self, program: Sequence[str], seconds: int) -> bytes:
        """What it wrote. Raises Unfit("file-too-heavy") when it went beyond its bounds, or failed."""
        bounds = (self.settings.memory_mb, seconds, self.settings.most_bytes)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", launch.__file__, *(str(bound) for bound in bounds), *program,
            cwd=self.place, env=_environment(self.place), start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(seconds):
                answer = await _answer(process)
        except TimeoutError as error:
            raise Unfit("file-too-heavy") from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # and what it started
            await process.wait()
        if process.returncode:
            raise Unfit("file-too-heavy" if process.returncode < 0 else "file-damaged")
        return answer


async def _answer(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    answer = bytearray()
    while chunk := await process.stdout.read(65536):
        answer += chunk
        if len(answer) > ANSWER:
            raise Unfit("file-too-heavy")
    await process.wait()
    return bytes(answer)


def _environment(place: Path) -> dict[str, str]:
    """Nothing of the service's own environment: it may hold passwords."""
    known = {name: os.environ[name] for name in ("PATH", "TESSDATA_PREFIX", "LD_LIBRARY_PATH") if name in os.environ}
    return {**known, "HOME": str(place), "TMPDIR": str(place), "LANG": "C.UTF-8", "OMP_THREAD_LIMIT": "1"}


def _prepare_profile(profile: Path) -> None:
    (profile / "user").mkdir(parents=True)
    items = "".join(ITEM.format(path=path, name=name, value=value) for path, name, value in QUIET)
    (profile / "user" / "registrymodifications.xcu").write_text(PROFILE.format(items=items))
