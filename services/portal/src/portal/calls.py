"""Calls of the services' HTTP interfaces on behalf of the person at the page, within that person's trace."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from kit import telemetry
from kit.errors import CATALOGUE

PROBLEM = "application/problem+json"
ONCE_MORE = (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


class Declined(Exception):
    """A service said no, or said nothing: `problem` is an RFC 9457 object, `status` its HTTP status."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("type", "about:blank"))
        self.problem = problem
        self.status = int(problem.get("status", 502))


def problem_of(slug: str) -> dict[str, Any]:
    """A problem of the catalogue, as a service would answer it."""
    known = CATALOGUE[slug]
    return {
        "type": f"urn:xinqiao:problem:{slug}",
        "status": known.status,
        "title": known.zh,
        "title_en": known.en,
        "next": known.next_zh,
        "next_en": known.next_en,
    }


def renamed(problem: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The problem with errors of these fields told at others, those that the form has."""
    errors = [{**item, "field": names.get(item["field"], item["field"])} for item in problem.get("errors", [])]
    return {**problem, "errors": errors} if errors else problem


@dataclass(frozen=True)
class Calls:
    """One shared HTTP client; a call names its caller by token, or nobody for the public interfaces."""

    client: httpx.AsyncClient

    async def get(self, path: str, token: str | None = None, **options: Any) -> Any:
        """The JSON answer. Raises Declined."""
        return (await self._answer("GET", path, token, **options)).json()

    async def post(
        self, path: str, key: str, body: Mapping[str, Any], token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:  # fmt: skip
        """Send once in effect: `key` is the Idempotency-Key. Raises Declined."""
        headers = {"Idempotency-Key": key, **(headers or {})}
        return (await self._answer("POST", path, token, headers=headers, json=dict(body))).json()

    async def put(self, path: str, token: str, headers: dict[str, str], content: AsyncIterator[bytes]) -> Any:
        """Pass a file on while it is read. Raises Declined."""
        return (await self._answer("PUT", path, token, headers=headers, content=content)).json()

    async def replace(self, path: str, body: Mapping[str, Any], token: str) -> Any:
        """PUT JSON: the same sent twice is one. Raises Declined."""
        return (await self._answer("PUT", path, token, json=dict(body))).json()

    @asynccontextmanager
    async def stream(
        self, path: str, token: str | None, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[httpx.Response]:
        """An answer whose body is read piece by piece. Raises Declined."""
        try:
            async with self.client.stream(
                "GET", path, headers=_headers(token, {"Accept-Encoding": "identity", **(headers or {})})
            ) as answer:
                if answer.is_error:
                    await answer.aread()
                    raise Declined(_problem_in(answer))
                yield answer
        except httpx.TransportError as error:
            raise Declined(problem_of("unavailable")) from error

    async def _answer(
        self, method: str, path: str, token: str | None, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        sent = _headers(token, headers or {})
        try:
            answer = await self._sent(method, path, headers=sent, **options)
        except httpx.TransportError as error:
            raise Declined(problem_of("unavailable")) from error
        if answer.is_error:
            raise Declined(_problem_in(answer))
        return answer

    async def _sent(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A lost connection is tried once more: a GET changes nothing, a POST carries its key."""
        try:
            return await self.client.request(method, path, **options)
        except ONCE_MORE:
            if "content" in options:  # a file that was half read cannot be read again
                raise
            await asyncio.sleep(0.1)
            return await self.client.request(method, path, **options)


def _headers(token: str | None, more: Mapping[str, str] | None = None) -> dict[str, str]:
    headers = {"Accept": "application/json", **(more or {})}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    telemetry.inject(headers)
    return headers


def _problem_in(answer: httpx.Response) -> dict[str, Any]:
    """The problem an answer tells; what is none (a proxy's page) counts as unavailable."""
    if answer.headers.get("content-type", "").startswith(PROBLEM):
        try:
            told = json.loads(answer.content)
        except ValueError:
            told = None
        if isinstance(told, dict) and "title" in told:
            return {**told, "status": answer.status_code}
    return problem_of("unavailable")
