"""The rules themselves: what a file is, how it may be named."""

import contextlib
import string
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from documents.files.domain import Claim, file_name
from documents.files.kinds import FAMILIES, HEAD, KINDS, TYPES, family, kind_of
from documents.papers.domain import Opinion
from kit.errors import Refused


def media_type(head: bytes, declared: str, name: str | None = None) -> str:
    return Claim(declared, name).checked(head)[1]


@given(st.binary(max_size=HEAD))
def test_any_bytes_are_of_a_known_kind_or_of_none(head: bytes) -> None:
    assert kind_of(head) in {*KINDS, None}


@given(st.text(alphabet=st.characters(codec="gb18030", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=300))
def test_text_is_text_in_both_encodings_wherever_the_head_ends(text: str) -> None:
    for encoding in ("utf-8", "gb18030"):
        for end in range(1, 8):
            head = ("正文" + text).encode(encoding)[: 6 + end]
            assert media_type(head, "") == "text/plain"


@pytest.mark.parametrize("declared", ["Application/PDF", "application/pdf; version=1.7", " application/pdf "])
def test_the_declared_type_is_read_as_http_means_it(declared: str) -> None:
    assert media_type(b"%PDF-1.7", declared) == "application/pdf"


@pytest.mark.parametrize("declared", ["", "application/octet-stream", "Application/Octet-Stream; x=y"])
def test_where_the_sender_makes_no_claim_the_bytes_decide(declared: str) -> None:
    assert media_type(b"%PDF-1.7", declared) == "application/pdf"
    assert media_type(b"PK\x03\x04", declared) == "application/zip"
    with pytest.raises(Refused, match="unsupported-media"):
        media_type(b"MZ\x90\0", declared)


def test_only_the_beginning_counts_as_a_signature() -> None:
    with pytest.raises(Refused, match="media-type-mismatch"):
        media_type(b" %PDF-1.7", "application/pdf")
    with pytest.raises(Refused, match="unsupported-media"):
        media_type(b"RIFF\0\0\0\0CDDAfmt ", "image/webp")


@pytest.mark.parametrize(
    ("head", "declared", "found"),
    [
        (b"ID3\x04\0\0", "", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac", "audio/aac"),
        (b"\0\0\0\x1cftypM4A \0", "", "audio/mp4"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/x-wav", "audio/x-wav"),
        (b"#!AMR\n<", "", "audio/amr"),
        (b"#!AMR-WB\n", "", "audio/amr"),
        (b"OggS\0\x02", "", "audio/ogg"),
        (b"OggS\0\x02", "video/ogg", "video/ogg"),
        (b"\0\0\0\x20ftypisom\0", "", "video/mp4"),
        (b"\0\0\0\x18ftypmp42\0", "audio/mp4", "audio/mp4"),
        (b"\0\0\0\x18ftyp3gp5\0", "video/3gpp", "video/3gpp"),
        (b"\0\0\0\x14ftypqt  \0", "", "video/quicktime"),
        (b"\0\0\0\x08wide\0\0", "video/quicktime", "video/quicktime"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "", "video/webm"),
        (b"RIFF\x24\0\0\0AVI LIST", "", "video/x-msvideo"),
    ],
)
def test_recordings_are_known_by_how_they_begin(head: bytes, declared: str, found: str) -> None:
    assert media_type(head, declared) == found
    assert family(found) in {"audio", "video"}


@pytest.mark.parametrize(
    "head",
    [b"\0\0\0\x18ftypheic", b"\0\0\0\x1cftypavif", b"\x1aE\xdf\xa3B\x82\x88matroska", b"\xff\xfet\0e\0", b"\x7fELF"],
)
def test_what_only_looks_like_a_recording_is_none(head: bytes) -> None:
    with pytest.raises(Refused, match="unsupported-media"):
        media_type(head, "")


@pytest.mark.parametrize("text", ["ID3 tags", "Duty-free wide moov", "RIFF-RAFF WAVE", "OggS", "#!AMR"])
def test_text_about_recordings_stays_text(text: str) -> None:
    assert media_type(text.encode(), "text/plain", "notes.txt") == "text/plain"


@pytest.mark.parametrize("name", ["scan.pdf", "SCAN.PDF", "第1.2条", "2024.05.01", "no extension", "a.b c", None])
def test_a_name_that_fits_the_content_is_taken(name: str | None) -> None:
    assert media_type(b"%PDF-1.7", "", name) == "application/pdf"


@pytest.mark.parametrize("name", ["scan.jpg", "scan.pdf.exe", "scan.js", "scan.HTA", "x.docm", "x.3gp"])
def test_a_name_that_says_something_else_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="extension-mismatch"):
        media_type(b"%PDF-1.7", "application/pdf", name)


def test_only_the_families_that_an_operator_allows_are_taken() -> None:
    claim = Claim("", None, frozenset({"pdf", "image"}))
    assert claim.checked(b"%PDF-1.7")[1] == "application/pdf"
    with pytest.raises(Refused) as refused:
        claim.checked(b"PK\x03\x04")
    assert refused.value.slug == "unsupported-media"
    assert {family(each) for each in refused.value.facts["accepted"]} == {"pdf", "image"}


def test_every_type_is_of_a_family() -> None:
    assert {family(each) for each in TYPES} == set(FAMILIES)


@given(st.text(min_size=1, max_size=300))
@example("\udcff")
@example("a\u2028b")
def test_a_name_is_taken_as_it_is_or_refused(name: str) -> None:
    with contextlib.suppress(Refused):
        sent = quote(name.encode(errors="surrogatepass"), safe="")
        assert file_name(f"attachment; filename*=UTF-8''{sent}") in {name.strip() or None, name.strip().strip('"')}


@given(st.text(alphabet=string.printable + "来信*'%\"", max_size=200))
def test_no_header_breaks_the_reading_of_names(header: str) -> None:
    for disposition in (header, f"attachment; filename{header}", f"attachment; filename*={header}"):
        with contextlib.suppress(Refused):
            name = file_name(disposition)
            assert name is None or not set(name) & set("/\\\0\r\n")


def test_an_opinion_keeps_its_text_to_itself() -> None:
    opinion = Opinion("请求", "事实", "意见", "依据", "support")
    assert "事实" not in repr(opinion)
    assert (
        opinion.content()
        == '{"facts":"事实","legal_basis":"依据","opinion":"意见","outcome":"support","request":"请求"}'
    )
