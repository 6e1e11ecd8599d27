"""Inbound: from the text leaving the centre until its confirmation is handed to it, all services of a node between."""

import time
from statistics import quantiles

from deploy.bench.figures import Figure, limit
from deploy.bench.texts.stand import SENDER, Stand

BELOW = 1000  # ms
PATIENCE = 60.0
FIRST = 13_300_000_000


def confirmed(stand: Stand, *, per_second: int, seconds: int) -> Figure:
    """p95 over texts that each raise a matter, at a steady rate; the first tenth left out."""
    many = per_second * seconds
    texts = [
        {"from": str(FIRST + at), "to": SENDER, "text": f"张三#象溪县石桥镇下桥村{at}组#门前道路积水{at}天无人管"}
        for at in range(many)
    ]
    stand.submits()
    began = time.time() * 1000
    stand.centre.deliver(texts, per_second=per_second, wait=False)
    answered = _answers(stand, many)
    waits = [answered[FIRST + at] - (began + at * 1000 / per_second) for at in range(many // 10, many)]
    return limit(
        "texts-in", "text in, petition registered, confirmation handed over, p95", unit="ms", below=BELOW,
        value=quantiles(waits, n=20)[-1], ours=waits, note=f"{per_second}/s for {seconds} s, one bind, all services",
    )  # fmt: skip


def _answers(stand: Stand, many: int) -> dict[int, float]:
    """When the last part of the first answer to each telephone was taken, in ms. Raises TimeoutError."""
    found: dict[int, float] = {}
    deadline = time.monotonic() + PATIENCE + many / 50
    while len(found) < many:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(found)} of {many} were answered")
        time.sleep(0.5)
        for entry in stand.submits():
            phone = int(entry["to"][-11:])
            found[phone] = max(found.get(phone, 0), entry["at"])
    return found
