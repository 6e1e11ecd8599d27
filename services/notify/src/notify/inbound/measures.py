"""What is measured of texts that come in."""

from prometheus_client import Counter, Gauge, Histogram

KEPT = Counter("xinqiao_texts_kept_total", "Texts from telephones that were kept", ["gateway"])
SPOOLED = Gauge("xinqiao_texts_spooled_bytes", "Texts on disk that wait for the database")
UNREADABLE = Counter("xinqiao_texts_spool_unreadable_total", "Lines of a spool that could not be read")
UNANSWERED = Counter("xinqiao_texts_unanswered_total", "Texts that got no answer in time (GB/T 33358)")
OVERDUE = Counter("xinqiao_texts_overdue_total", "Texts that waited too long for a person")
LATE = Histogram(
    "xinqiao_texts_late_seconds",
    "How late texts were answered that were not answered in time",
    buckets=(10, 60, 300, 900, 3600, 21_600, 86_400, 604_800),
)
