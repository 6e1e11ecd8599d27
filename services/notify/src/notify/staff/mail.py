"""E-mail by the office's own server."""

import asyncio
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import aiosmtplib

from kit.settings import NodeSettings
from notify.staff.settings import Mail


class Undeliverable(Exception):
    """It will never be taken there: to try again leads nowhere. reason: a code, without personal data."""


@dataclass(frozen=True, slots=True)
class Letter:
    """id: the same in every try, so that who gets it twice can tell."""

    id: str
    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)


def composed(letter: Letter, sender: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Message-ID"] = f"<{letter.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody answers it by a machine
    message.set_content(letter.text)
    return message


async def send(settings: Mail, node: NodeSettings, letter: Letter) -> None:
    """Raises Undeliverable; anything else means: not now."""
    try:
        async with asyncio.timeout(settings.seconds):
            await aiosmtplib.send(
                composed(letter, settings.sender),
                hostname=settings.host,
                port=settings.port,
                use_tls=settings.tls == "implicit",
                start_tls=settings.tls == "starttls",
                username=settings.account,
                password=_password(settings, node),
                tls_context=None if settings.tls == "none" else _context(settings, node),
                timeout=settings.seconds,
            )
    except aiosmtplib.SMTPRecipientsRefused as refused:
        code = refused.recipients[0].code
        if code >= 500:
            raise Undeliverable(f"smtp-{code}") from None
        raise
    except aiosmtplib.SMTPDataError as refused:
        if refused.code >= 500:
            raise Undeliverable(f"smtp-{refused.code}") from None
        raise


def _password(settings: Mail, node: NodeSettings) -> str | None:
    return None if settings.password_file is None else _line_of(node.resolve(settings.password_file))


def _line_of(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip()


def _context(settings: Mail, node: NodeSettings) -> ssl.SSLContext:
    authority = None if settings.ca_file is None else str(node.resolve(settings.ca_file))
    return ssl.create_default_context(cafile=authority)
