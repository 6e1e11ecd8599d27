"""One way to write a telephone number, so that the same one is found however it was written. Standard library only."""

import re

_COUNTRY = re.compile(r"^(?:\+|00)?86(?=1\d{10}$)")
_NOT_DIGIT = re.compile(r"[^\d+]")
_ABROAD_AS_HERE = re.compile(r"\+1\d{10}")  # North America: without its sign it would be a mobile number of here
_BETWEEN = re.compile(r"[ ().-]")
_SENDER = re.compile(r"\+[1-9][0-9]{8,14}|[0-9]{3,20}")  # E.164; or as it is dialled here, short numbers too


def phone_key(phone: str) -> str:
    """Digits only, mobile numbers without the code of the country: "+86 138-0000 1111" → "13800001111".

    Numbers of other countries keep their code, and where it is needed to tell them apart the sign too: "+1 323 555
    1234" is not 13235551234.
    """
    number = _COUNTRY.sub("", _NOT_DIGIT.sub("", phone))
    return number if _ABROAD_AS_HERE.fullmatch(number) else number.removeprefix("+")


def sender_key(sender: str) -> str:
    """The same of whoever sent a text; empty where that is no number but a name, whatever digits stand in it."""
    written = _BETWEEN.sub("", sender)
    return phone_key(written) if _SENDER.fullmatch(written) else ""
