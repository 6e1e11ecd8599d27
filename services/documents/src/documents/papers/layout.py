"""HTML to PDF by WeasyPrint, which fetches nothing. Imported late: it takes a second."""

from collections.abc import Mapping

from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from kit.errors import Refused

SEAL = "mark:seal"
# the paper is archived: PDF/A-2b has all fonts within
VARIANT = "pdf/a-2b"


class _Sealed(URLFetcher):  # type: ignore[misc]  # the library has no annotations
    """Gives the seal, and nothing else in this world."""

    def __init__(self, seal: bytes | None) -> None:
        super().__init__(allowed_protocols=[])
        self._seal = seal

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        del headers
        if url == SEAL and self._seal is not None:
            return URLFetcherResponse(url, self._seal, {"Content-Type": "image/png"})
        raise FatalURLFetchingError(f"a paper fetches nothing: {url[:100]}")


def pdf_of(html: str, seal: bytes | None) -> bytes:
    """Raises Refused("paper-not-rendered") when the HTML asks for something outside."""
    page = HTML(string=html, url_fetcher=_Sealed(seal))
    try:
        pdf: bytes = page.write_pdf(font_config=FontConfiguration(), pdf_variant=VARIANT)
    except FatalURLFetchingError as error:  # no Exception: it would end the process
        raise Refused("paper-not-rendered", error=type(error).__name__) from error
    return pdf
