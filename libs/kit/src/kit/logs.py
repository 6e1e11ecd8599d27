"""JSON logs with trace ids. Values are facts of the mechanism: no personal data is ever passed in."""

import logging
import sys
from typing import Any

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, WrappedLogger


def _with_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    return event


def configure(level: str, **facts: Any) -> None:
    """One JSON object a line on standard output; the libraries' own loggers are kept at WARNING."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _with_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(**facts)
    logging.basicConfig(level=logging.WARNING, format='{"level":"%(levelname)s","message":"%(name)s: %(message)s"}')
    for library in ("aiormq", "aio_pika"):  # a broker away is told by those who wait for it, in one line
        logging.getLogger(library).setLevel(logging.CRITICAL)


log: structlog.stdlib.BoundLogger = structlog.get_logger()
