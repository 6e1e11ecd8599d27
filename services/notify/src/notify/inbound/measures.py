"""What is measured of texts that come in."""

from prometheus_client import Counter, Gauge

KEPT = Counter("xinqiao_texts_kept_total", "Texts from telephones that were kept", ["gateway"])
SPOOLED = Gauge("xinqiao_texts_spooled_bytes", "Texts on disk that wait for the database")
UNREADABLE = Counter("xinqiao_texts_spool_unreadable_total", "Lines of a spool that could not be read")
UNANSWERED = Counter("xinqiao_texts_unanswered_total", "Texts that got no answer in time (GB/T 33358)")
