"""How read texts are kept: encrypted, and found by buckets of keyed digests of their pairs of letters (ADR 22)."""

import base64
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from documents.pages import domain
from kit.crypto import Keyring

BUCKETS = 2**16  # many pairs share one: how often a pair is written cannot be counted


def text_binding(bundle_id: UUID, position: int, column: str) -> str:
    """What an encrypted text or layer is bound to."""
    return f"page_texts/{bundle_id}/{position}/{column}"


def name_binding(bundle_id: UUID) -> str:
    """What the encrypted name of a PDF to be is bound to."""
    return f"bundles/{bundle_id}/name"


def buckets(ring: Keyring, text: str) -> list[int]:
    """Sorted, each once."""
    return sorted({_bucket(ring, pair) for pair in domain.pairs(text)})


def _bucket(ring: Keyring, pair: str) -> int:
    return int.from_bytes(ring.blind_index("pair:" + pair)[:4]) % BUCKETS


def sealed(ring: Keyring, bundle_id: UUID, position: int, text: str, layer: bytes | None) -> dict[str, Any]:
    """Columns of a row of page_texts."""
    layer_text = layer and base64.b64encode(layer).decode()
    return {
        "bundle_id": bundle_id, "position": position, "buckets": buckets(ring, text),
        "text": ring.encrypt(text, text_binding(bundle_id, position, "text")),
        "layer": layer_text and ring.encrypt(layer_text, text_binding(bundle_id, position, "layer")),
    }  # fmt: skip


def text_of(ring: Keyring, row: Row[Any]) -> str:
    return ring.decrypt(row.text, text_binding(row.bundle_id, row.position, "text"))


def layer_of(ring: Keyring, row: Row[Any]) -> bytes | None:
    if row.layer is None:
        return None
    return base64.b64decode(ring.decrypt(row.layer, text_binding(row.bundle_id, row.position, "layer")))
