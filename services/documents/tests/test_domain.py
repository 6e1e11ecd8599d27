"""The rules themselves: what a file is, how it may be named."""

import contextlib
import string
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from documents.files.domain import ACCEPTED, HEAD, file_name, media_type, sniffed
from documents.papers.domain import Opinion
from kit.errors import Refused


@given(st.binary(max_size=HEAD))
def test_any_bytes_are_of_accepted_types_or_of_none(head: bytes) -> None:
    assert set(sniffed(head)) <= ACCEPTED


@given(st.text(alphabet=st.characters(codec="gb18030", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=300))
def test_text_is_text_in_both_encodings_wherever_the_head_ends(text: str) -> None:
    for encoding in ("utf-8", "gb18030"):
        for end in range(1, 8):
            head = ("正文" + text).encode(encoding)[: 6 + end]
            assert sniffed(head) == ("text/plain",)


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
        media_type(b"RIFF\0\0\0\0WAVEfmt ", "image/webp")


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
