"""What the encrypted texts of quality review are bound to."""

from uuid import UUID

from kit.runtime import Runtime


def title_binding(round_id: UUID) -> str:
    """Of a round."""
    return f"quality/{round_id}/title"


def note_binding(round_id: UUID, petition_id: UUID, item: str) -> str:
    """Of what was found."""
    return f"quality/{round_id}/{petition_id}/{item}"


def conclusion_binding(round_id: UUID, petition_id: UUID) -> str:
    """Of the conclusion on a case."""
    return f"quality/{round_id}/{petition_id}"


def step_binding(rectification_id: UUID, version: int) -> str:
    """Of what was demanded, answered, or said to an answer."""
    return f"rectifications/{rectification_id}/{version}"


def sealed(runtime: Runtime, text: str, binding: str) -> bytes | None:
    """A text as it is kept; none of an empty one."""
    return runtime.keyring.encrypt(text, binding) if text else None


def opened(runtime: Runtime, kept: bytes | None, binding: str) -> str:
    return "" if kept is None else runtime.keyring.decrypt(kept, binding)
