"""What every HTTP request passes: one span, one metric, a bound on its body. Plain ASGI, for speed."""

import re
import time
from collections.abc import Sequence
from typing import Any

from opentelemetry import trace
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kit import telemetry
from kit.errors import Refused
from kit.problems import problem

MAX_BODY = 1_048_576


class Observed:
    """ASGI middleware of one service. Bodies of PUT and of `uploads` (paths) are bounded by their own routes."""

    def __init__(self, app: ASGIApp, *, service: str, max_body: int = MAX_BODY, uploads: Sequence[str] = ()) -> None:
        self._app = app
        self._service = service
        self._max_body = max_body
        self._uploads = [re.compile(path) for path in uploads]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        parent = telemetry.context_of(headers.get(b"traceparent", b"").decode("latin-1"))
        with telemetry.tracer.start_as_current_span(
            f"{scope['method']} {self._service}", context=parent, kind=trace.SpanKind.SERVER
        ) as span:
            await self._measured(span, scope, receive, send, headers)

    async def _measured(
        self, span: trace.Span, scope: Scope, receive: Receive, send: Send, headers: dict[bytes, bytes]
    ) -> None:
        started = time.perf_counter()
        status = 500

        async def observe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._bounded(scope, receive, observe, headers)
        finally:
            self._record(span, scope, status, time.perf_counter() - started)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send, headers: dict[bytes, bytes]) -> None:
        if scope["method"] == "PUT" or any(path.fullmatch(scope["path"]) for path in self._uploads):
            await self._app(scope, receive, send)
            return
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self._max_body:
            await problem("too-large", limit_bytes=self._max_body)(scope, receive, send)
            return
        await self._app(scope, self._counting(receive), send)

    def _counting(self, receive: Receive) -> Receive:
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._max_body:
                raise Refused("too-large", limit_bytes=self._max_body)
            return message

        return counted

    def _record(self, span: trace.Span, scope: Scope, status: int, seconds: float) -> None:
        route: Any = scope.get("route")
        template = getattr(route, "path", "unmatched")
        if span.is_recording():
            span.update_name(f"{scope['method']} {template}")
            span.set_attribute("http.route", template)
            span.set_attribute("http.response.status_code", status)
        telemetry.requests(self._service, template, scope["method"], str(status)).observe(seconds)
