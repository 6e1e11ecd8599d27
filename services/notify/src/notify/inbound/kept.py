"""A text as it is written down, before it is looked at."""

import json
import re
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from notify.gateways.interface import Incoming, Joint

MOST_PARTS = 255
NO_NUMBER = re.compile(r"[^0-9A-Za-z+]")
NO_SENDER = re.compile(r"[^ -~]")  # is marked, not left out: what is left might be somebody's number


@dataclass(frozen=True, slots=True)
class Kept:
    """A text as it is written down; its id is given here, so that writing it twice is writing it once."""

    id: UUID
    gateway: str
    received_at: datetime
    traceparent: str
    incoming: Incoming = field(repr=False)

    def record(self) -> str:
        """As a line of the spool, before it is encrypted."""
        incoming = {
            **asdict(self.incoming),
            "at": self.incoming.at.isoformat(),
            "raw": b64encode(self.incoming.raw).decode(),
        }
        facts = {
            "id": str(self.id), "gateway": self.gateway, "received_at": self.received_at.isoformat(),
            "traceparent": self.traceparent, "incoming": incoming,
        }  # fmt: skip
        return json.dumps(facts)

    @classmethod
    def of(cls, record: str) -> "Kept":
        facts = json.loads(record)
        said: dict[str, Any] = facts["incoming"]
        said |= {"at": datetime.fromisoformat(said["at"]), "raw": b64decode(said["raw"])}
        said["joint"] = None if said["joint"] is None else Joint(**said["joint"])
        return cls(
            UUID(facts["id"]), facts["gateway"], datetime.fromisoformat(facts["received_at"]), facts["traceparent"],
            Incoming(**said),
        )  # fmt: skip


def bounded(incoming: Incoming) -> Incoming:
    """What a peer may have made up: ids and numbers of any length, parts that cannot be counted."""
    gateway_id = incoming.gateway_id
    if gateway_id is not None and not (gateway_id.isascii() and gateway_id.isprintable() and len(gateway_id) <= 128):
        gateway_id = sha256(gateway_id.encode("utf-8", "replace")).hexdigest()
    joint = incoming.joint
    if joint is not None and not (1 <= joint.number <= joint.total <= MOST_PARTS and joint.total > 1):
        joint = None
    return Incoming(
        gateway_id=gateway_id, to=NO_NUMBER.sub("", incoming.to)[:32], at=incoming.at,
        phone=NO_SENDER.sub("?", incoming.phone)[:32], text=incoming.text, raw=incoming.raw, joint=joint,
    )  # fmt: skip
