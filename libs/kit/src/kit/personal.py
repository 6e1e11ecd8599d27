"""A mark for personal data: an event with such a field cannot be made; and how values are masked on screen."""

from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel


class PersonalMark:
    """Marks a field as personal data."""


_MARK = PersonalMark()


def mask(text: str) -> str:
    """Keep the first and, in long values, the last characters: 张三 → 张*, 13812345678 → 138****5678."""
    if len(text) <= 4:
        return text[:1] + "*" * (len(text) - 1)
    kept = 3 if len(text) >= 7 else 1
    tail = 4 if len(text) >= 11 else 0
    return text[:kept] + "*" * (len(text) - kept - tail) + (text[-tail:] if tail else "")


def holds_personal(annotation: Any) -> bool:
    """Whether a type is, or contains, personal data."""
    if isinstance(annotation, PersonalMark):
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return any(
            holds_personal(field.annotation) or any(isinstance(item, PersonalMark) for item in field.metadata)
            for field in annotation.model_fields.values()
        )
    if get_origin(annotation) is None:
        return False
    return any(holds_personal(part) for part in get_args(annotation))


PersonalText = Annotated[str, _MARK]
