"""What is told of a case (办件): its whole public state, after each action on it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from contracts.envelope import EventData
from contracts.shapes import Code, LastAction, Path


class HandOver(EventData):
    """A hand-over under way: the receiver alone decides what version follows."""

    id: UUID
    kind: str = Field(max_length=32, description="open vocabulary: transfer (转送), assign (交办), arbitrate, review")
    from_unit: str = Code
    from_node: str = Path
    from_region: str = Path
    from_state: str = Field(max_length=32, description="state the case falls back to when it is returned or withdrawn")
    to_unit: str = Code
    to_node: str = Path
    offered_at: datetime
    due_at: datetime | None = None
    to_region: str = Field(default="", max_length=20)
    forced: bool = Field(default=False, description="by the common superior: nobody may object")


class Pause(EventData):
    """A time in which a clock stood still, and why; until null: it goes on."""

    since: datetime
    by: str = Field(default="", max_length=64, description="the action with which it began")
    until: datetime | None = None
    days: int = Field(default=0, ge=0, description="that would have counted, of a limit in days")
    moved: int = Field(default=0, ge=0, description="days over which the end had been moved before it")


class Clock(EventData):
    """A time limit (期限) of a case; due_at null: the sender of the case set none."""

    name: str = Field(max_length=64, description="as the procedure of the case names it")
    started_at: datetime
    due_at: datetime | None = None
    stopped_at: datetime | None = None
    paused_at: datetime | None = None
    paused_seconds: int = Field(default=0, ge=0)
    extended: int = Field(default=0, ge=0, description="days")
    set_due: bool = Field(default=False, description="the date was set by hand")
    resumed_at: datetime | None = None
    pauses: int = Field(default=0, ge=0, description="how many are under way at once")
    spans: list[Pause] = Field(default=[], max_length=100, description="when and why it stood still")


class CaseState(EventData):
    """A case (办件): exactly one holder unit, and one node that may write the next version."""

    number: str = Code
    channel: str = Field(max_length=32)
    kind: str = Field(max_length=32)
    state: str = Field(max_length=32, description="open vocabulary, see the state table in the routing service")
    holder_unit: str = Code
    holder_region: str = Path
    writer: str = Path
    registered_region: str = Path
    registered_at: datetime
    regions: list[str] = Field(max_length=200, description="regions of the units that registered or held the case")
    nodes: list[str] = Field(max_length=200, description="nodes that held the case, in order of first holding")
    accused_units: list[str] = Field(default=[], max_length=50)
    procedure: str = Field(default="", max_length=80, description="name/version of the procedure the case began with")
    route: int | None = Field(default=None, ge=1, le=6, description="how an appeal is handled, Art 31 (1) to (6)")
    stage: str = Field(default="handling", max_length=32, description="open vocabulary: handling, review, re-review")
    clocks: list[Clock] = Field(default=[], max_length=100)
    due_at: datetime | None = Field(default=None, description="when the first of the running time limits ends")
    hand_over: HandOver | None = None
    hops: list[HandOver] = Field(default=[], max_length=100, description="how the holder got the case, last one last")
    asked: str | None = Field(default=None, max_length=64, description="unit that decides an objection or a dispute")
    objections: int = Field(default=0, ge=0, description="hand-overs that went back because the sender agreed")
    objected_units: list[str] = Field(default=[], max_length=100)
    handler_unit: str | None = Field(default=None, max_length=64, description="unit whose opinion it is")
    step: int = Field(default=0, ge=0, description="how many have approved the opinion")
    papers: list[UUID] = Field(default=[], max_length=50, description="papers of the opinion")
    suspended: bool = False
    merged_into: UUID | None = None
    units: list[str] = Field(
        default=[], max_length=100, description="units that registered it, acted on it or were asked for support"
    )
    readers: list[str] | None = Field(
        default=None,
        max_length=1000,
        description="who alone may read it (保密): `unit:` or `unit:role`; `*`: everybody in scope, as before it was "
        "confidential; null: nothing is said, and what was said before holds",
    )
    terminated_before: bool = Field(default=False, description="the matter has been through re-review (Art 36)")
    new_facts: bool = Field(default=False, description="a leader found facts and reasons new, though it was terminated")
    outcome: Literal["support", "explain", "not-support"] | None = None
    accepted_at: datetime | None = None
    approved_at: datetime | None = None
    served_at: datetime | None = None
    closed_at: datetime | None = None
    last: LastAction


# action -> (what happened, 中文, English): one event each, all with the whole state of the case
CASE_HAPPENINGS: dict[str, tuple[str, str, str]] = {
    "open": ("opened", "办件已建立", "A case was opened for a petition"),
    "screen": ("screened", "已甄别分类", "The case was classified"),
    "transfer": ("handed-over", "已转送或交办", "A case was offered to another unit"),
    "assign": ("handed-over", "已转送或交办", "A case was offered to another unit"),
    "receive": ("received", "已签收", "The receiving unit signed for the case"),
    "recall": ("recalled", "已撤回", "The hand-over was recalled before receipt"),
    "return": ("returned", "已自动退回", "The hand-over went back: nobody knows the unit there"),
    "object": ("objected", "已提出退回异议", "The receiving unit objects to the hand-over"),
    "agree-objection": ("objection-agreed", "异议成立,已退回", "The sender agreed and holds the case again"),
    "refuse-objection": ("objection-refused", "异议不成立", "The sender stands by its hand-over"),
    "arbitrate": ("arbitrated", "已指定办理单位", "The common superior said whose the case is"),
    "claim": ("claimed", "已认领", "The holder claimed an order"),
    "accept": ("accepted", "已受理", "The unit accepted the petition"),
    "decline": ("declined", "不予受理", "The petition was declined"),
    "refuse-again": ("not-accepted-again", "不再受理", "The same matter is no longer accepted"),
    "lift-bar": (
        "bar-lifted",
        "认定有新的事实和理由",
        "A leader found facts and reasons new: it can be accepted again",
    ),
    "answer": ("answered", "已直接答复", "The petition was answered directly"),
    "file": ("filed", "已存", "The petition was filed"),
    "guide": ("guided", "已告知引导", "The petitioner was told where to turn"),
    "export": ("exported", "已转出", "The matter went to another authority"),
    "investigate": ("investigated", "已开始调查", "The investigation began"),
    "start-hearing": ("hearing-begun", "听证开始", "A hearing began"),
    "end-hearing": ("hearing-ended", "听证结束", "The hearing ended"),
    "start-mediation": ("mediation-begun", "调解开始", "A mediation began"),
    "end-mediation": ("mediation-ended", "调解结束", "The mediation ended"),
    "extend": ("extended", "已延期", "The time limit was extended"),
    "draft-opinion": ("opinion-drafted", "处理意见已拟", "An opinion was drafted"),
    "submit": ("opinion-submitted", "处理意见已送审", "The opinion was sent for approval"),
    "approve": ("opinion-approved", "处理意见已审批", "An approver approved the opinion"),
    "return-draft": ("opinion-returned", "处理意见退回修改", "The opinion was returned for revision"),
    "serve": ("opinion-served", "处理意见已送达", "The opinion was served"),
    "close": ("closed", "已办结", "The case was closed"),
    "carry-out": ("carried-out", "处理意见已落实", "What the opinion supports was carried out"),
    "report": ("reported", "已报告办理结果", "The result was reported to the sender"),
    "request-review": ("review-requested", "已申请复查复核", "A review was requested"),
    "note-withdrawal": ("withdrawn", "信访人已撤回", "The petitioner withdrew the petition"),
    "suspend": ("suspended", "已中止", "The case is suspended"),
    "resume": ("resumed", "已恢复办理", "The case goes on"),
    "merge": ("merged", "已并案", "The case was merged into a lead case"),
    "recount": ("recounted", "期限已按新日历重新计算", "Time limits were counted anew by another calendar"),
    "unmerge": ("unmerged", "已撤销并案", "The merge was undone"),
    "mark-confidential": ("marked-confidential", "已列为保密", "Only those who have to do with the case may read it"),
    "unmark-confidential": ("unmarked-confidential", "已解除保密", "The case is confidential no more"),
    "widen": ("widened", "协办单位已可查阅", "Units that are asked for support may read the confidential case too"),
    "recognise": ("recognised", "认定属已复核终结事项", "Recognised as a matter that went through re-review before"),
    "unrecognise": ("unrecognised", "已撤销终结事项认定", "Not a matter that went through re-review after all"),
}


def case_event(action: str) -> str:
    """The type of the event that tells of an action on a case."""
    return f"routing.case.{CASE_HAPPENINGS[action][0]}.v1"
