"""Real receivers of what staff are sent: a mail server (aiosmtpd), and one of webhooks that may misbehave."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ACCOUNT, PASSWORD = "notices", "geheim"


def certificate(folder: Path, name: str = "localhost") -> tuple[Path, ssl.SSLContext]:
    """An authority's file, and what a server with a certificate of it needs."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    since = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "localhost":
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(1)
        .not_valid_before(since).not_valid_after(since + dt.timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    file, secret = folder / f"{name}.pem", folder / f"{name}.key"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, secret)
    return file, context


@dataclass
class Postbox:
    """What came. answer: to the recipient, instead of taking the mail; slow: it says nothing for a long time."""

    came: list[EmailMessage] = field(default_factory=list)
    answer: str | None = None
    slow: bool = False
    secured: list[bool] = field(default_factory=list)

    async def handle_RCPT(self, _: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: ARG002, N802 - as aiosmtpd calls it
        if self.slow:
            await asyncio.sleep(60)
        if self.answer:
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - as aiosmtpd calls it
        found = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.came.append(found)
        self.secured.append(session.ssl is not None)
        return "250 OK"


def _authenticate(_: Any, __: Any, ___: Any, mechanism: str, given: Any) -> AuthResult:
    known = isinstance(given, LoginPassword) and (given.login, given.password) == (ACCOUNT.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=known)


@asynccontextmanager
async def mail_server(box: Postbox, tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[int]:
    """Its port. With tls it takes mail after STARTTLS and signing in alone."""
    loop = asyncio.get_running_loop()

    def opened() -> SMTP:
        secured = {"tls_context": tls, "require_starttls": True, "auth_required": True}
        more: dict[str, Any] = secured if tls else {}
        return SMTP(box, hostname="mail.test", authenticator=_authenticate, loop=loop, **more)

    server = await loop.create_server(opened, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@dataclass
class Hook:
    """What came: headers and body. status: answered; silent: nothing is ever answered; redirect: to elsewhere."""

    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200
    silent: bool = False
    redirect: str | None = None
    endless: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            self.came.append((headers, await reader.readexactly(int(headers["content-length"]))))
            if self.silent:
                await reader.read()
            more = f"Location: {self.redirect}\r\n" if self.redirect else ""
            length = 10**9 if self.endless else 0
            writer.write(f"HTTP/1.1 {self.status} x\r\n{more}Content-Length: {length}\r\n\r\n".encode())
            await writer.drain()
            if self.endless:
                await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def hook_server(hook: Hook, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    server = await asyncio.start_server(hook.serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
