"""One way to write a telephone number, so that the same one is found however it was written. Standard library only."""

import re

_COUNTRY = re.compile(r"^(?:\+|00)?86(?=1\d{10}$)")
_NOT_DIGIT = re.compile(r"[^\d+]")


def phone_key(phone: str) -> str:
    """Digits only, mobile numbers without the code of the country: "+86 138-0000 1111" → "13800001111"."""
    return _COUNTRY.sub("", _NOT_DIGIT.sub("", phone)).removeprefix("+")
