"""Text as it may be entered: bounded, no control characters, no broken Unicode."""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_BREAK = re.compile("[\t\n\r]")


def _no_control(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("control characters are not allowed (不允许控制字符)")
    return text


def _one_line(text: str) -> str:
    if _BREAK.search(text):
        raise ValueError("line breaks and tabs are not allowed here (此处不允许换行)")
    return text


Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_no_control)]
Line = Annotated[Prose, AfterValidator(_one_line)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
