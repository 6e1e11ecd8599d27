"""Letters about files and papers that follow a case: what there is, what is asked for, what comes."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from contracts.envelope import LetterData
from contracts.shapes import Code
from kit.personal import PersonalText

Digest = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256")


class ManifestItem(LetterData):
    """A file, or a paper (文书) as its text, of a petition: all but its bytes. by, at: who stored it when."""

    id: UUID
    kind: str = Field(max_length=32, description="open vocabulary: file, paper, sealed-paper")
    what: str = Field(max_length=100, description="media type of a file, kind of a paper")
    name: PersonalText | None = Field(default=None, max_length=200)
    sha256: str = Digest
    size: int = Field(ge=1, description="bytes")
    unit: str = Code
    by: PersonalText = Field(max_length=200, description="account")
    at: datetime
    template: str | None = Field(default=None, max_length=100, description="of a paper: kind/version")
    here: bool = Field(default=True, description="the node that writes this can give it")
    identity_at: datetime | None = Field(
        default=None, description="since when it is held to be an identity paper (身份证件); null: it is none"
    )


class Manifest(LetterData):
    """What there is of a petition, for the node that gets the case; the bytes are asked for."""

    items: list[ManifestItem] = Field(min_length=1, max_length=200)


class WantedPiece(LetterData):
    """Bytes of something that a manifest named, to come in parts of one size, the last one shorter.

    again: what was sent of it before did not do.
    """

    id: UUID
    sha256: str = Digest
    start: int = Field(ge=0)
    size: int = Field(ge=1)
    part: int = Field(ge=4096, le=524_288)
    again: bool = False


class FilesWanted(LetterData):
    """What a node asks of the one that named it; the next only when most of this has come."""

    pieces: list[WantedPiece] = Field(min_length=1, max_length=200)


class FilePart(LetterData):
    """Some bytes of a file or a paper, which follow in binary; start: where in it."""

    id: UUID
    sha256: str = Digest
    start: int = Field(ge=0)


class FileUnavailable(LetterData):
    """What was asked for does not come from here."""

    id: UUID
    sha256: str = Digest
    reason: str = Field(max_length=32, description="open vocabulary: gone, damaged, infected, refused")


MOVING: dict[str, type[LetterData]] = {
    "documents.manifest.v1": Manifest,
    "documents.file-wanted.v1": FilesWanted,
    "documents.file-part.v1": FilePart,
    "documents.file-unavailable.v1": FileUnavailable,
}
