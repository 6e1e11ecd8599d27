"""Forms as browsers send them: checked for origin, with the idempotency key minted when the page was rendered."""

import hmac
import re
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request
from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile
from starlette.types import Message

from kit.errors import Refused
from portal.visits import csrf_for, signed_in_visit

KEY = re.compile(r"[\x21-\x7e]{8,100}")
MAX_FIELDS = 200


def fresh_key() -> str:
    """An Idempotency-Key for one rendering of one form: sent twice, it has its effect once."""
    return secrets.token_urlsafe(18)


@dataclass(frozen=True)
class Form:
    """What was typed. key: the Idempotency-Key of this form; files: uploads by field name."""

    key: str
    data: FormData = field(repr=False)

    def text(self, name: str) -> str:
        """What one field holds, trimmed; empty when it is missing."""
        value = self.data.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def secret(self, name: str) -> str:
        """A field as it was typed: spaces may belong to a password."""
        value = self.data.get(name, "")
        return value if isinstance(value, str) else ""

    def every(self, name: str) -> list[str]:
        """All values of a field that may be chosen more than once."""
        return [value for value in self.data.getlist(name) if isinstance(value, str)]

    def chosen(self, names: Iterable[str]) -> dict[str, str]:
        """The filled ones of these fields; an empty field is one that was not given."""
        return {name: text for name in names if (text := self.text(name))}

    def upload(self, name: str) -> UploadFile:
        """Raises Refused("file-missing")."""
        value = self.data.get(name)
        if not isinstance(value, UploadFile) or not value.filename:
            raise Refused("file-missing", field=name)
        return value

    def kept(self) -> list[tuple[str, str]]:
        """All that was typed, to be sent again by another page; without the secrets."""
        return [(name, value) for name, value in self.data.multi_items()
                if isinstance(value, str) and name not in {"csrf", "key", "password"}]  # fmt: skip

    def typed(self) -> dict[str, Any]:
        """Everything to be shown again, but secrets and what belongs to the form itself."""
        hidden = {"csrf", "key", "version", "password"}
        return {
            name: self.every(name) if len(self.every(name)) > 1 else self.text(name)
            for name in self.data
            if name not in hidden
        }


def key_after(form: Form, problem: dict[str, Any]) -> str | None:
    """The same key as long as nobody knows whether the form arrived; a new one when the key itself was refused."""
    return None if problem["type"].endswith(":idempotency-key-reused") else form.key


def _checked(request: Request, data: FormData) -> Form:
    """Raises Refused("form-expired") when the page was not ours, or its visitor another one."""
    csrf, key = data.get("csrf"), data.get("key")
    if not isinstance(csrf, str) or not hmac.compare_digest(csrf.encode(), csrf_for(request).encode()):
        raise Refused("form-expired")
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise Refused("form-expired")
    return Form(key, data)


@asynccontextmanager
async def parsed(request: Request, max_files: int) -> AsyncIterator[FormData]:
    """The fields; uploads lie in temporary files until the block ends. Raises Refused, HTTPException."""
    try:
        data = await request.form(max_files=max_files, max_fields=MAX_FIELDS)
    except FormParserError as error:
        raise Refused("invalid-input") from error
    try:
        yield data
    finally:
        await data.close()


async def public_form(request: Request) -> AsyncIterator[Form]:
    async with parsed(request, max_files=0) as data:
        yield _checked(request, data)


async def staff_form(request: Request, _: Annotated[object, Depends(signed_in_visit)]) -> AsyncIterator[Form]:
    async with parsed(request, max_files=0) as data:
        yield _checked(request, data)


@asynccontextmanager
async def upload_form(request: Request, most: int) -> AsyncIterator[Form]:
    """A form with a file of up to `most` bytes. Raises Refused("too-large")."""
    async with parsed(_bounded(request, most), max_files=1) as data:
        yield _checked(request, data)


def _bounded(request: Request, most: int) -> Request:
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        message = await request.receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise Refused("too-large", limit_bytes=most)
        return message

    return Request(request.scope, receive)


PublicForm = Annotated[Form, Depends(public_form, scope="function")]
StaffForm = Annotated[Form, Depends(staff_form, scope="function")]
