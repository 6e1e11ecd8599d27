"""What documents counts, beside what every service does."""

from prometheus_client import Counter, Gauge

SCANNED = Counter("xinqiao_documents_scanned_total", "Objects looked at for malware", ["outcome"])
UNCOMMITTED = Gauge("xinqiao_documents_uncommitted_objects", "Old objects of the store that no row names")
COLLECTED = Counter("xinqiao_documents_collected_total", "Objects removed that no row named")
FAULTY = Gauge("xinqiao_documents_faulty_objects", "Objects that are missing from the store or were altered", ["fault"])
