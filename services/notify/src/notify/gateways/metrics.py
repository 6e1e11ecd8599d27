"""What gateways count, by their names."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge

from notify.gateways.interface import InDoubt, NotSent, Rejected, Throttled

LINE_UP = Gauge("xinqiao_sms_line_up", "1 while the line of a gateway takes messages", ["gateway"])
UNDER_WAY = Gauge("xinqiao_sms_under_way", "Parts that have left and wait for their answer", ["gateway"])
WINDOW = Gauge(
    "xinqiao_sms_window", "How many parts may be under way: fewer after a gateway said it is too many", ["gateway"]
)
SUBMITS = Counter("xinqiao_sms_submits_total", "Parts handed over, by how that ended", ["gateway", "result"])
BROUGHT = Counter("xinqiao_sms_brought_total", "What gateways brought, by what became of it", ["gateway", "what"])
RECONNECTS = Counter("xinqiao_sms_reconnects_total", "Lines that were lost or did not come up", ["gateway"])

ENDS: dict[type[Exception], str] = {
    Rejected: "rejected",
    Throttled: "throttled",  # which is not sent as well
    NotSent: "not-sent",
    InDoubt: "in-doubt",
}


@contextmanager
def handing_over(gateway: str) -> Iterator[None]:
    """Counts how the hand-over of a part ends."""
    try:
        yield
    except (Rejected, NotSent, InDoubt) as error:
        SUBMITS.labels(gateway, next(end for kind, end in ENDS.items() if isinstance(error, kind))).inc()
        raise
    SUBMITS.labels(gateway, "taken").inc()
