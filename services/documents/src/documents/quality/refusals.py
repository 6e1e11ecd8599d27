"""What documents says no to about case quality review, in both languages."""

from kit.errors import Refusal, define

define(
    "checklist-unknown-here",
    Refusal(
        422,
        "本节点没有该评查标准",
        "This node does not have the checklist",
        "从评查标准列表中选择,或由运维人员升级软件",
        "Choose one from the list of checklists, or have the software here upgraded",
    ),
)
define(
    "quality-unit-elsewhere",
    Refusal(
        422,
        "所列单位不在本节点或不在本辖区",
        "A unit that is named is not of this node, or outside your region",
        "改选本节点、本辖区的单位;其他节点的办件在其所在节点评查",
        "Choose units of this node and region; cases of another node are reviewed there",
    ),
)
define(
    "quality-nothing-drawn",
    Refusal(
        422,
        "没有可以抽取的办件",
        "There is no case to be drawn",
        "放宽期间或单位,或另选评查单位:经办单位不能评查自己的办件",
        "Widen the period or the units, or choose other reviewers: no unit reviews what it handled",
    ),
)
define(
    "quality-too-many",
    Refusal(
        422,
        "抽取的办件过多",
        "Too many cases would be drawn",
        "减少件数或比例,或分几次评查",
        "Draw fewer, or open several rounds",
    ),
)
define(
    "quality-own-case",
    Refusal(
        403,
        "本单位经办过此件,不能评查",
        "Your unit handled this case and cannot review it",
        "由本轮的其他评查单位评查",
        "Another reviewing unit of the round does",
    ),
)
define(
    "quality-other-reviewer",
    Refusal(
        403,
        "此件由另一评查单位评查",
        "Another unit reviews this case",
        "由指定的评查单位评查",
        "Have it reviewed by the unit it was given to",
    ),
)
define(
    "quality-not-now",
    Refusal(
        409,
        "现在的环节不能这样办",
        "This cannot be done at this point of the review",
        "刷新后按最新状态办理",
        "Load it again and go on from where it stands",
    ),
)
define(
    "quality-unfinished",
    Refusal(
        409,
        "还有项目没有评查",
        "Items are not answered yet",
        "逐项核对后再继续,尚缺的见 items",
        "Answer the items named in items first",
    ),
)
define(
    "quality-no-finding",
    Refusal(
        409,
        "没有查出问题,不需要整改",
        "Nothing was found that could be put right",
        "直接作出评查结论",
        "Conclude the review",
    ),
)
define(
    "quality-cases-open",
    Refusal(
        409,
        "还有办件没有评查结论",
        "Cases of the round are not concluded yet",
        "作出全部结论后再结束本轮评查",
        "Conclude all of them, then close the round",
    ),
)
define(
    "quality-round-closed",
    Refusal(409, "本轮评查已经结束", "The round is closed", "查看专项评查报告", "See the report of the round"),
)
