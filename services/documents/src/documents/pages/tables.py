"""The tables of pages. A bundle that is filed, and which pages it was made of, is never changed: triggers refuse it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

import documents.files.tables  # noqa: F401 - the table of files
from documents.tables import metadata

# state: preparing (its files are looked at), draft, filing (its pages are read), filed
bundles = Table(
    "bundles",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("petition_id", Uuid, ForeignKey("petitions.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("files", ARRAY(Uuid), nullable=False),  # as they were named, in that order
    Column("name", LargeBinary),  # encrypted; of the PDF to be, until it is filed
    Column("unit", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("filed_unit", Text),
    Column("filed_by", Text),
    Column("filed_at", DateTime(timezone=True)),
    Column("file_id", Uuid, ForeignKey("files.id"), unique=True),
    # why the last try to file it ended, and at which page
    Column("problem", Text),
    Column("problem_at", Integer),
    CheckConstraint("(state = 'filed') = (file_id IS NOT NULL)", name="filed_is_a_file"),
    Index("ix_bundles_petition", "petition_id", "id"),
    Index("ix_bundles_preparing", "id", postgresql_where=text("state = 'preparing'")),
)
# what is known of a file's pages, whichever bundles it is in. state: waiting, ready, refused.
# object: what its pages are taken from, the file itself or a PDF that it was converted to
sources = Table(
    "page_sources",
    metadata,
    Column("file_id", Uuid, ForeignKey("files.id"), primary_key=True),
    Column("state", Text, nullable=False),
    Column("problem", Text),
    Column("pages", Integer, nullable=False, server_default=text("0")),
    Column("media_type", Text),
    Column("object", Text, ForeignKey("objects.name"), index=True),
    Column("sha256", Text),
)
thumbnails = Table(
    "page_thumbnails",
    metadata,
    Column("file_id", Uuid, ForeignKey("page_sources.file_id"), nullable=False),
    Column("page", Integer, nullable=False),
    Column("object", Text, ForeignKey("objects.name"), nullable=False, index=True),
    Column("sha256", Text, nullable=False),
    Column("bytes", Integer, nullable=False),
    PrimaryKeyConstraint("file_id", "page"),
)
# read: by OCR, or found to need or allow none; problem: why it has no text
bundle_pages = Table(
    "bundle_pages",
    metadata,
    Column("bundle_id", Uuid, ForeignKey("bundles.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("file_id", Uuid, ForeignKey("page_sources.file_id"), nullable=False),
    Column("page", Integer, nullable=False),
    Column("rotation", SmallInteger, nullable=False),
    Column("read", Boolean, nullable=False, server_default=text("false")),
    Column("problem", Text),
    PrimaryKeyConstraint("bundle_id", "position"),
    CheckConstraint("rotation IN (0, 90, 180, 270)", name="quarter_turns"),
)
# buckets: of the keyed digests of its pairs of letters (ADR 22), no order, no counts; layer: the invisible text to be
# laid over the page, until the bundle is filed
page_texts = Table(
    "page_texts",
    metadata,
    Column("bundle_id", Uuid, ForeignKey("bundles.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("text", LargeBinary, nullable=False),  # encrypted
    Column("layer", LargeBinary),  # encrypted
    Column("buckets", ARRAY(Integer), nullable=False),
    PrimaryKeyConstraint("bundle_id", "position"),
    Index("ix_page_texts_buckets", "buckets", postgresql_using="gin"),
)
# what is to be done: look at a file, read a page, assemble a bundle. due_at: when whoever has it has died
page_work = Table(
    "page_work",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("urgency", SmallInteger, nullable=False),
    Column("file_id", Uuid),
    Column("bundle_id", Uuid),
    Column("position", Integer),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Index("ix_page_work_urgency", "urgency", "id"),
    Index("ix_page_work_bundle", "bundle_id"),
)
