"""What documents says no to about publishing, in both languages."""

from kit.errors import Refusal, define

define(
    "publication-blocked",
    Refusal(
        409,
        "文稿中有须删除或说明的内容",
        "The text holds what has to be removed or explained first",
        "按检查结果逐项删除，确可公开的逐项说明理由后再送审",
        "Remove each hit of the check, or say why it may stand, then send it again",
    ),
)
define(
    "publication-in-review",
    Refusal(
        409,
        "该文稿正在审核，不能修改",
        "It is under review and cannot be changed",
        "等待审核；需要修改的，请审核人退回",
        "Wait for the review, or ask a reviewer to return it",
    ),
)
define(
    "publication-out",
    Refusal(
        409,
        "该内容已经公开，不能改动",
        "It is public already and cannot be changed",
        "另写一稿更正并取代，或者撤稿",
        "Write another one that supersedes it, or withdraw it",
    ),
)
define(
    "publication-not-in-review",
    Refusal(
        409, "该文稿没有在审核", "It is not under review", "刷新后查看其最新状态", "Load it again and see how it stands"
    ),
)
define(
    "publication-other-step",
    Refusal(
        409,
        "该文稿已进入另一审核步骤",
        "It is at another step of its review by now",
        "刷新后查看其最新状态",
        "Load it again and see how it stands",
    ),
)
define(
    "four-eyes-publication",
    Refusal(
        403,
        "不能审核本人撰写、修改或说明过的文稿",
        "Nobody reviews what they have written, changed or explained",
        "请其他人员审核",
        "Let somebody else review it",
    ),
)
define(
    "reviewed-already",
    Refusal(
        403,
        "同一人不能审核两个步骤",
        "One person does not take two steps of a review",
        "请其他人员审核",
        "Let somebody else review it",
    ),
)
define(
    "publication-not-public",
    Refusal(
        409,
        "该内容现在没有公开",
        "It is not public now",
        "刷新后查看其最新状态",
        "Load it again and see how it stands",
    ),
)
define(
    "publication-paper",
    Refusal(
        422,
        "只能随文公开本单位已用印的机关文书",
        "Only a sealed paper of the own unit that stands can be published with it",
        "从本单位的机关文书中选择",
        "Choose one of the unit's own papers",
    ),
)
define(
    "no-such-hit",
    Refusal(
        409,
        "文稿中已没有该项内容",
        "The text does not hold this any more",
        "刷新后查看最新的检查结果",
        "Load it again and see what the check finds now",
    ),
)
