"""The rules of dispatches (发文): what becomes of each copy, who may get one, what a bulletin counts as. Standard
library only.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from kit.errors import Refused

Kind = Literal["paper", "bulletin"]
Urgency = Literal["ordinary", "urgent", "extra-urgent"]  # 平件, 加急, 特急 (GB/T 9704, 7.2.3)
Mark = Literal["adopted", "leader-instruction", "merged", "not-adopted"]
ADOPTED: tuple[Mark, ...] = ("adopted", "leader-instruction", "merged")
MOST_RECIPIENTS, MOST_ITEMS = 300, 100

# sent: on its way; arrived: it can be signed for (签收), and is read only then; returned (退文), recalled (撤回): ended
State = Literal["sent", "arrived", "signed", "returned", "recalled"]
Action = Literal["arrive", "sign", "return", "recall"]
UNREAD: tuple[State, ...] = ("sent", "arrived")
# whatever is not here is refused. The node of the receiving unit alone writes the next state of a copy
TABLE: Mapping[tuple[State, Action], State] = {
    ("sent", "arrive"): "arrived",
    ("arrived", "sign"): "signed",
    ("arrived", "return"): "returned",
    ("signed", "return"): "returned",
    ("sent", "recall"): "recalled",  # it overtook what it recalls
    ("arrived", "recall"): "recalled",
}
WHY_NOT: Mapping[State, str] = {
    "sent": "dispatch-not-here",
    "arrived": "dispatch-unread",
    "signed": "dispatch-read",
    "returned": "dispatch-returned",
    "recalled": "dispatch-recalled",
}


def after(state: State, action: Action) -> State:
    """The state of a copy after an action. Raises Refused with the slug that says how the copy stands."""
    found = TABLE.get((state, action))
    if found is None:
        raise Refused(WHY_NOT[state])
    return found


def check_recipients(recipients: Sequence[str], sender: str, known: Collection[str]) -> None:
    """Units that a dispatch goes to. Raises Refused: "unknown-unit", "invalid-input"."""
    for unit in recipients:
        if unit not in known:
            raise Refused("unknown-unit", unit=unit)
    wrong = None
    if not 1 <= len(recipients) <= MOST_RECIPIENTS:
        wrong = f"1 to {MOST_RECIPIENTS} units (1 至 {MOST_RECIPIENTS} 个单位)"
    elif len({*recipients}) != len(recipients):
        wrong = "a unit is named twice (单位重复)"
    elif sender in recipients:
        wrong = "the own unit is among them (不能发给本单位)"
    if wrong is not None:
        raise Refused("invalid-input", errors=[{"field": "body.recipients", "reason": wrong}])


def check_kept(recipients: Sequence[str], kept_from: Collection[str], only: Collection[str] | None) -> None:
    """kept_from: units among them that are accused or below an accused one (Art 30, 46(5)); only: those that may read
    a confidential petition (保密), None: all. Raises Refused: "accused-unit", "not-among-readers".
    """
    for unit in recipients:
        if unit in kept_from:
            raise Refused("accused-unit", unit=unit)
        if only is not None and unit not in only:
            raise Refused("not-among-readers", unit=unit)


def next_urge(now: datetime, urged: int, hours: float, most: int) -> datetime | None:
    """When the system itself urges the next time (催办) who has not read it; None: it has done so often enough."""
    return now + timedelta(hours=hours) if urged < most else None


def is_overdue(answer_by: datetime | None, answered_at: datetime | None, state: State, now: datetime) -> bool:
    """An answer was wanted by then, and none has come."""
    live = state not in {"returned", "recalled"}
    return live and answer_by is not None and answered_at is None and answer_by < now
