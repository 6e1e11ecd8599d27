"""Examples of every event, and of the letters since 1.3, as nodes would send them: two that must be understood and two
that must be refused.
"""

import json
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts import events
from contracts.case_events import CASE_HAPPENINGS, CaseState, case_event
from contracts.envelope import Data, EventData
from contracts.events import EVENTS, EventType
from contracts.letters import LETTERS, letter_schema

Json = dict[str, Any]
COUNTY, TOWNSHIP = "33.02.25", "33.02.25.100"
COUNTY_OFFICE, TOWNSHIP_OFFICE = "330225-xf", "330225100-xf"
NUMBER = "XF330225202601050000035"
REGISTERED, OFFERED, NOW = "2026-01-05T01:00:00Z", "2026-01-05T02:00:00Z", "2026-01-06T01:00:00Z"


def an_id(name: str) -> str:
    """The same for the same name, so that examples change only when something is said otherwise."""
    return str(uuid5(NAMESPACE_URL, f"urn:xinqiao:example:{name}"))


HAND_OVER: Json = {
    "id": an_id("hand-over"), "kind": "transfer", "from_unit": COUNTY_OFFICE, "from_node": COUNTY,
    "from_region": COUNTY, "from_state": "screened", "to_unit": TOWNSHIP_OFFICE, "to_node": TOWNSHIP,
    "to_region": TOWNSHIP, "offered_at": OFFERED,
}  # fmt: skip
# what most versions of the case have in common: the county has handed it to a township, which holds it
CASE: Json = {
    "number": NUMBER, "channel": "web", "kind": "appeal", "state": "received", "holder_unit": TOWNSHIP_OFFICE,
    "holder_region": TOWNSHIP, "writer": TOWNSHIP, "registered_region": COUNTY, "registered_at": REGISTERED,
    "regions": [COUNTY, TOWNSHIP], "nodes": [COUNTY, TOWNSHIP], "procedure": "ordinary-petition/1", "route": 6,
    "hops": [HAND_OVER],
    "clocks": [{"name": "office-decision", "started_at": REGISTERED, "due_at": "2026-01-20T16:00:00Z",
                "stopped_at": OFFERED}],
}  # fmt: skip
WITH_COUNTY: Json = {
    "holder_unit": COUNTY_OFFICE, "holder_region": COUNTY, "writer": COUNTY, "regions": [COUNTY], "nodes": [COUNTY],
    "hops": [],
}  # fmt: skip
UNDER_WAY: Json = {"state": "offered", "hand_over": HAND_OVER, "hops": []}
ACCEPTED: Json = {"accepted_at": NOW}
WRITTEN: Json = {**ACCEPTED, "outcome": "support", "papers": [an_id("paper")]}
APPROVED: Json = {**WRITTEN, "handler_unit": TOWNSHIP_OFFICE, "step": 1, "approved_at": NOW}
SERVED: Json = {**APPROVED, "served_at": NOW}
REVIEWED: Json = {  # by the unit above the handler
    **WITH_COUNTY, "regions": [COUNTY, TOWNSHIP], "nodes": [COUNTY, TOWNSHIP], "state": "offered", "stage": "review",
    "handler_unit": TOWNSHIP_OFFICE, "hops": [HAND_OVER], "hand_over": {
        "id": an_id("review"), "kind": "review", "from_unit": TOWNSHIP_OFFICE, "from_node": TOWNSHIP,
        "from_region": TOWNSHIP, "from_state": "closed", "to_unit": COUNTY_OFFICE, "to_node": COUNTY,
        "to_region": COUNTY, "offered_at": OFFERED, "forced": True,
    },
}  # fmt: skip
BY_COUNTY = {
    "open", "screen", "transfer", "assign", "recall", "agree-objection", "refuse-objection", "arbitrate", "file",
}  # fmt: skip
# action -> what its version of the case has beside the above; the state where it is not "received"
AFTER: dict[str, Json] = {
    "open": {**WITH_COUNTY, "state": "registered", "route": None},
    "screen": {**WITH_COUNTY, "state": "screened"},
    "transfer": UNDER_WAY,
    "assign": {**UNDER_WAY, "hand_over": {**HAND_OVER, "kind": "assign", "due_at": "2026-02-05T16:00:00Z"}},
    "receive": {},
    "recall": {**WITH_COUNTY, "state": "screened"},
    "return": {**WITH_COUNTY, "state": "screened", "nodes": [COUNTY, TOWNSHIP], "regions": [COUNTY, TOWNSHIP]},
    "object": {"state": "objected", "asked": COUNTY_OFFICE, "writer": COUNTY},
    "agree-objection": {**WITH_COUNTY, "state": "screened", "objections": 1, "objected_units": [TOWNSHIP_OFFICE]},
    "refuse-objection": {"hops": [{**HAND_OVER, "forced": True}]},
    "arbitrate": {**UNDER_WAY, "hand_over": {**HAND_OVER, "kind": "arbitrate", "forced": True}},
    "claim": {"channel": "call"},
    "accept": {**ACCEPTED, "state": "accepted"},
    "decline": {"state": "declined"},
    "refuse-again": {"state": "not-accepted-again", "terminated_before": True},
    "lift-bar": {"terminated_before": True, "new_facts": True},
    "answer": {"state": "answered"},
    "file": {**WITH_COUNTY, "state": "filed"},
    "guide": {"state": "guided", "route": 2},
    "export": {"state": "exported", "route": 1},
    "investigate": {**ACCEPTED, "state": "investigating"},
    "start-hearing": {**ACCEPTED, "state": "hearing"},
    "end-hearing": {**ACCEPTED, "state": "investigating"},
    "start-mediation": {**ACCEPTED, "state": "mediating"},
    "end-mediation": {**ACCEPTED, "state": "investigating"},
    "extend": {**ACCEPTED, "state": "investigating"},
    "draft-opinion": {**ACCEPTED, "state": "opinion-drafted"},
    "submit": {**WRITTEN, "state": "in-approval"},
    "approve": {**APPROVED, "state": "opinion-approved"},
    "return-draft": {**ACCEPTED, "state": "opinion-drafted", "outcome": "support"},
    "serve": {**SERVED, "state": "served"},
    "close": {**SERVED, "state": "closed", "closed_at": NOW},
    "carry-out": {**SERVED, "state": "closed", "closed_at": NOW},
    "report": {**SERVED, "state": "closed", "closed_at": NOW},
    "request-review": REVIEWED,
    "note-withdrawal": {"state": "withdrawn"},
    "suspend": {"suspended": True},
    "resume": {},
    "merge": {"merged_into": an_id("lead")},
    "unmerge": {},
    "mark-confidential": {
        "units": [COUNTY_OFFICE, TOWNSHIP_OFFICE],
        "readers": [f"{COUNTY_OFFICE}:", f"{TOWNSHIP_OFFICE}:", "330200-xf:leader", "330200-xf:supervisor"],
    },
    "unmark-confidential": {"units": [COUNTY_OFFICE, TOWNSHIP_OFFICE], "readers": ["*"]},
    "widen": {
        "units": [COUNTY_OFFICE, TOWNSHIP_OFFICE, "330225100-cj"],
        "readers": [f"{COUNTY_OFFICE}:", f"{TOWNSHIP_OFFICE}:", "330225100-cj:"],
    },
    "recount": {},
    "recognise": {"terminated_before": True},
    "unrecognise": {},
}
PETITION: Json = {
    "number": NUMBER, "region": COUNTY, "unit": COUNTY_OFFICE, "channel": "web", "kind": "appeal", "petitioners": 1,
    "about_region": TOWNSHIP, "received_at": "2026-01-05T00:30:00Z", "registered_at": REGISTERED, "route": 6,
}  # fmt: skip
# what a type of payload holds, where it is the same for all events that carry it
PAYLOADS: dict[type[EventData], Json] = {
    events.PetitionState: PETITION,
    events.GroupAlarm: {"number": NUMBER, "region": COUNTY, "unit": COUNTY_OFFICE, "petitioners": 12, "at": NOW},
    events.RatingState: {
        "number": NUMBER, "region": COUNTY, "unit": COUNTY_OFFICE, "holder_unit": TOWNSHIP_OFFICE,
        "office_rating": "satisfied", "unit_rating": "fairly", "at": NOW,
    },
    events.FileState: {
        "file_id": an_id("file"), "sha256": "ab" * 32, "bytes": 48213, "media_type": "image/jpeg",
        "unit": TOWNSHIP_OFFICE, "stored_at": NOW,
    },
    events.PaperState: {
        "paper_id": an_id("paper"), "kind": "opinion", "sha256": "cd" * 32, "unit": TOWNSHIP_OFFICE, "written_at": NOW,
    },
    events.SealedPaperState: {
        "paper_id": an_id("paper"), "kind": "opinion", "number": "丁信〔2026〕12号", "sha256": "ab" * 32,
        "unit": TOWNSHIP_OFFICE, "sealed_at": NOW,
    },
    events.BulletinState: {
        "unit": TOWNSHIP_OFFICE, "to_unit": COUNTY_OFFICE, "sent_at": REGISTERED, "adoption": "adopted",
    },
    events.MessageState: {
        "message_id": an_id("message"), "template": "accepted", "gateway": "console", "status": "sent", "at": NOW,
        "parts": 1,
    },
    events.RequestState: {
        "id": an_id("request"), "number": NUMBER, "kind": "urge", "from_unit": COUNTY_OFFICE, "from_node": COUNTY,
        "from_region": COUNTY, "to_unit": TOWNSHIP_OFFICE, "to_node": TOWNSHIP, "to_region": TOWNSHIP, "status": "sent",
        "round": 1, "wants_answer": True, "sent_at": NOW,
        "last": {"action": "send", "unit": COUNTY_OFFICE, "at": NOW},
    },
    events.CallbackState: {
        "number": NUMBER, "unit": TOWNSHIP_OFFICE, "region": TOWNSHIP, "ended_at": REGISTERED, "asked_at": OFFERED,
        "answer": "fairly", "at": NOW,
    },
    events.SupplementState: {"number": NUMBER, "channel": "sms", "holder_unit": TOWNSHIP_OFFICE, "at": NOW},
    events.TextState: {
        "gateway": "mobile", "received_at": OFFERED, "due_at": "2026-01-05T02:03:00Z", "at": "2026-01-05T02:03:10Z",
    },
    events.AuditHead: {"position": 1204, "hash": "ef" * 32, "at": NOW},
    events.ClockState: {
        "number": NUMBER, "clock": "handling", "level": "yellow", "due_at": NOW, "holder_unit": TOWNSHIP_OFFICE,
        "holder_region": TOWNSHIP, "at": NOW,
    },
}  # fmt: skip

# letters of before 1.3 are promised by their schemas alone
LETTER_PAYLOADS: dict[str, Json] = {
    "routing.withdrawal-request.v1": {
        "withdrawal": an_id("withdrawal"), "unit": COUNTY_OFFICE, "node": COUNTY, "version": 3, "asked_at": NOW,
        "note": "信访人书面撤回",
    },
    "documents.dispatch.v1": {
        "kind": "paper", "title": "关于报送积案化解情况的通知", "from_unit": COUNTY_OFFICE,
        "recipients": [TOWNSHIP_OFFICE, "330225-js"], "to_units": [TOWNSHIP_OFFICE], "urgency": "urgent",
        "answer_by": "2026-01-20T16:00:00Z", "body": an_id("paper"), "items": [an_id("paper"), an_id("file")],
        "by": "county.clerk", "sent_at": NOW,
    },
    "documents.dispatch-receipt.v1": {
        "to_unit": "330225-js", "state": "signed", "arrived_at": NOW, "signed_at": NOW, "signed_by": "county.builder",
    },
    "documents.dispatch-recall.v1": {"to_units": [TOWNSHIP_OFFICE], "asked_at": NOW},
    "documents.dispatch-urge.v1": {"to_unit": TOWNSHIP_OFFICE, "times": 2, "at": NOW},
    "routing.withdrawal-answer.v1": {"withdrawal": an_id("withdrawal"), "reason": "not-in-this-state"},
    "intake.text-petition.v1": {
        "phone": "13800000000", "name": "张三", "address": "某镇某村", "content": "门前道路积水三个月无人管",
        "received_at": NOW,
    },
    "intake.supplement.v1": {
        "phone": "13800000000", "number": NUMBER, "content": "昨夜大雨,积水又深了", "received_at": NOW,
    },
    "intake.text-rating.v1": {
        "phone": "13800000000", "number": NUMBER, "office": "satisfied", "unit": "fairly", "received_at": NOW,
    },
    "notify.text-outcome.v1": {"outcome": "refused", "reason": "rated-already", "number": NUMBER},
    "notify.contact.v1": {
        "number": NUMBER, "phone": "13800000000", "query_code": "23456789AB", "region": COUNTY,
        "text_id": an_id("text"),
    },
    "intake.recipients-asked.v1": {
        "query": an_id("query"), "scope": COUNTY, "line": [COUNTY_OFFICE], "state": "accepted", "registered_from": NOW,
    },
    "notify.recipients.v1": {
        "query": an_id("query"), "page": 0, "petitions": [{"petition": an_id("petition"), "state": "accepted"}],
    },
}  # fmt: skip


def _case(kind: str) -> Json:
    """The state of a case after the first action that makes this event."""
    action = next(action for action in CASE_HAPPENINGS if case_event(action) == kind)
    payload = {**CASE, **AFTER[action]}
    unit = COUNTY_OFFICE if action in BY_COUNTY else TOWNSHIP_OFFICE
    return {**payload, "last": {"action": action, "unit": unit, "at": NOW}}


def payload_of(event: EventType) -> Json:
    """Raises KeyError where somebody added an event and no example of what it holds."""
    return _case(event.type) if event.payload is CaseState else PAYLOADS[event.payload]


def _event(event: EventType, example: str) -> Json:
    payload, service = dict(payload_of(event)), event.type.split(".", 1)[0]
    if "number" in payload:  # each example is of a petition of its own
        payload["number"] = f"XF33022520260105{UUID(an_id(event.type)).int % 1_000_000:06d}5"
    by = payload.get("last", payload).get("unit", payload.get("holder_unit"))
    node = TOWNSHIP if by == TOWNSHIP_OFFICE else COUNTY
    sequence = "3" if payload.get("nodes") == [COUNTY, TOWNSHIP] else "1"
    return _enveloped(event.type, event.dataschema, f"/nodes/{node}/{service}", payload, example, sequence)


def _letter(kind: str, example: str) -> Json:
    schema = f"urn:xinqiao:schema:{letter_schema(kind)}"
    service = kind.split(".", 1)[0]
    return _enveloped(kind, schema, f"/nodes/{COUNTY}/{service}", LETTER_PAYLOADS[kind], example, "1")


def _enveloped(kind: str, schema: str, source: str, payload: Json, example: str, sequence: str) -> Json:
    return {
        "specversion": "1.0", "id": an_id(f"{kind} {example}"), "source": source,
        "type": kind, "subject": an_id(f"subject of {kind}"), "time": NOW,
        "datacontenttype": "application/json", "dataschema": schema, "sequence": sequence,
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "data": payload,
    }  # fmt: skip


def examples_of(event: EventType) -> dict[str, Json]:
    """Name -> event; `.pass` must be understood, `.fail` refused."""
    return _variants(_event(event, "ordinary"), _event(event, "newer-minor"), event.payload)


def _variants(ordinary: Json, newer: Json, payload: type[Data]) -> dict[str, Json]:
    first = next(name for name, field in payload.model_fields.items() if field.is_required())
    return {
        "ordinary.pass": ordinary,
        "newer-minor.pass": {
            **newer,
            "dataschema": f"{newer['dataschema']}9",
            "data": {**newer["data"], "added_by_a_newer_node": {"any": ["thing"]}},
            "added_attribute": "ignored",
        },
        "missing-field.fail": {
            **ordinary,
            "data": {name: value for name, value in ordinary["data"].items() if name != first},
        },
        "bad-sequence.fail": {**ordinary, "sequence": "minus one"},
    }


def all_examples() -> dict[str, str]:
    """File name -> text, for every event of the catalogue, and for letters."""
    found = {event.type: examples_of(event) for event in EVENTS.values()}
    for kind in LETTER_PAYLOADS:
        found[kind] = _variants(_letter(kind, "ordinary"), _letter(kind, "newer-minor"), LETTERS[kind])
    return {
        f"{kind}.{name}.json": json.dumps(example, ensure_ascii=False, indent=2) + "\n"
        for kind, examples in found.items()
        for name, example in examples.items()
    }


def drift(directory: Path) -> list[str]:
    """Events without an example, committed examples that differ from what is said here, and such of no event."""
    unsaid = {event.payload for event in EVENTS.values()} - {CaseState, *PAYLOADS}
    unsaid_cases = sorted(CASE_HAPPENINGS.keys() - AFTER.keys())
    if unsaid or unsaid_cases:
        names = [*sorted(payload.__name__ for payload in unsaid), *unsaid_cases]
        return [f"{name}: examples.py does not say what it holds" for name in names]
    wanted, found = all_examples(), {file.name: file for file in directory.glob("*.json")}
    problems = [f"{name}: no such example" for name in sorted(wanted.keys() - found.keys())]
    problems += [
        f"{name}: the committed example differs"
        for name, text in wanted.items()
        if name in found and found[name].read_text(encoding="utf-8") != text
    ]
    kinds = {*EVENTS, *LETTER_PAYLOADS}
    strays = sorted(name for name in found if not any(name.startswith(f"{kind}.") for kind in kinds))
    return [*problems, *(f"{name}: an example of no event" for name in strays)]
