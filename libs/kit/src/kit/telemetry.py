"""Traces (OpenTelemetry) and metrics (Prometheus): one call gives them to a process."""

import json
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON
from opentelemetry.sdk.util import ns_to_iso_str
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram

from kit.settings import TelemetrySection

REQUESTS = Histogram(
    "xinqiao_http_request_seconds",
    "Time from the request to its answer",
    ["service", "route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
OUTBOX_LAG = Gauge("xinqiao_outbox_lag_seconds", "Age of the oldest message still to be sent", ["service"])
OUTBOX_SENT = Counter("xinqiao_outbox_sent_total", "Messages confirmed by the broker", ["service"])
INBOX_HANDLED = Counter("xinqiao_inbox_handled_total", "Messages whose effect was committed", ["queue"])
INBOX_DUPLICATES = Counter("xinqiao_inbox_duplicates_total", "Messages seen before and left out", ["queue"])
INBOX_RETRIED = Counter("xinqiao_inbox_retried_total", "Messages put aside to be tried again", ["queue"])
INBOX_PARKED = Counter("xinqiao_inbox_parked_total", "Messages parked for a person to look at", ["queue"])
LINK_LAG = Gauge("xinqiao_link_lag_seconds", "Age of the newest message that came over a link", ["link"])
AUDIT_UNCHAINED = Gauge("xinqiao_audit_unchained", "Entries of the audit that are not in its chain yet", ["service"])
QUEUE_DEPTH = Gauge("xinqiao_queue_depth", "Messages waiting in a queue", ["queue"])

_PROPAGATOR = TraceContextTextMapPropagator()
tracer = trace.get_tracer("xinqiao")


@lru_cache(maxsize=4096)
def requests(service: str, route: str, method: str, status: str) -> Histogram:
    """The series of a kind of request."""
    return REQUESTS.labels(service, route, method, status)


class FileExporter(SpanExporter):
    """Appends spans as JSON lines to a file."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file.open("a", encoding="utf-8")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._file.writelines(json.dumps(_facts(span), ensure_ascii=False) + "\n" for span in spans)
        self._file.flush()
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self._file.close()


def _facts(span: ReadableSpan) -> dict[str, Any]:
    """A span in the names that OpenTelemetry's own JSON has; that one takes three times as long to make."""
    context = span.context
    return {
        "name": span.name,
        "context": {"trace_id": f"0x{context.trace_id:032x}", "span_id": f"0x{context.span_id:016x}"},
        "kind": str(span.kind),
        "parent_id": f"0x{span.parent.span_id:016x}" if span.parent else None,
        "start_time": ns_to_iso_str(span.start_time or 0),
        "end_time": ns_to_iso_str(span.end_time or 0),
        "status": {"status_code": span.status.status_code.name},
        "attributes": dict(span.attributes or {}),
        "resource": {"attributes": dict(span.resource.attributes)},
    }


def configure(settings: TelemetrySection, traces_file: Path | None, *, node: str, process: str) -> TracerProvider:
    """Start tracing for this process. Without an exporter spans carry their ids on and record nothing.

    A node that exports records whatever the node before it did: not every node of a tree has a place for traces.
    """
    exporters: list[SpanExporter] = []
    if traces_file:
        exporters.append(FileExporter(traces_file))
    if settings.otlp_endpoint:
        # late: a third of a second of imports that most nodes have no use for
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporters.append(OTLPSpanExporter(endpoint=settings.otlp_endpoint))
    resource = Resource.create({"service.name": process, "xinqiao.node": node})
    provider = TracerProvider(resource=resource, sampler=ALWAYS_ON if exporters else ALWAYS_OFF)
    for exporter in exporters:
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=500))
    trace.set_tracer_provider(provider)
    return provider


def context_of(traceparent: str) -> Any:
    """The parent context a W3C traceparent names; an empty or broken one starts a new trace."""
    if not traceparent:
        return Context()
    return _PROPAGATOR.extract({"traceparent": traceparent})


def inject(headers: MutableMapping[str, str]) -> None:
    """Add the traceparent of the span in progress to outgoing headers."""
    _PROPAGATOR.inject(headers)


@contextmanager
def consuming(queue: str, messages: Sequence[tuple[str, dict[str, Any]]]) -> Iterator[None]:
    """A span for each message of a batch (traceparent, attributes), child of the span that wrote the message.

    The first one is the span in progress: with one message, which is the rule at ordinary load, all that the
    handler does is inside it.
    """
    spans = [_consumer_span(queue, *messages[0])]
    if spans[0].is_recording():  # else the others would be made to no end: nobody is ever in them
        spans += [_consumer_span(queue, *message) for message in messages[1:]]
    try:
        with trace.use_span(spans[0], end_on_exit=False):
            yield
    finally:
        for span in spans:
            span.end()


def _consumer_span(queue: str, traceparent: str, facts: dict[str, Any]) -> trace.Span:
    parent = context_of(traceparent)
    return tracer.start_span(f"{queue} process", context=parent, kind=trace.SpanKind.CONSUMER, attributes=facts)
