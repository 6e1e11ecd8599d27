"""What routing says no to, in both languages."""

from kit.errors import Refusal, define

define(
    "not-in-this-state",
    Refusal(
        409,
        "当前状态不能办理此操作",
        "This cannot be done in the present state",
        "查看 actions 中现在可办的操作",
        "See in actions what can be done now",
    ),
)
define(
    "not-the-holder",
    Refusal(
        403,
        "本单位不是该件的承办单位",
        "Your unit does not hold this case",
        "由承办单位办理",
        "Let the unit that holds it act",
    ),
)
define(
    "held-elsewhere",
    Refusal(
        409,
        "该件现由另一节点办理",
        "Another node holds this case now",
        "在承办单位所在的节点办理,或等待对方签收、退回",
        "Act at the node that holds it, or wait until it is received or returned",
    ),
)
define(
    "already-the-holder",
    Refusal(422, "该单位已是承办单位", "This unit holds the case already", "选择其他单位", "Choose another unit"),
)
define(
    "paper-missing",
    Refusal(
        409,
        "尚未收到处理意见书",
        "The opinion paper is not here yet",
        "先在文书中写处理意见书;刚写完的稍候重试",
        "Write the opinion paper in documents first; if you just did, try again in a moment",
    ),
)
define(
    "outcome-differs",
    Refusal(
        422,
        "处理结论与意见书不一致",
        "The outcome is not that of the opinion paper",
        "按意见书的结论填写 outcome,或重写意见书",
        "Give the outcome that the paper says, or write the paper anew",
    ),
)
define(
    "not-the-writer",
    Refusal(
        409,
        "该节点无权更新此件",
        "This node had no right to write that version",
        "核对两节点的记录",
        "Compare the records of the two nodes",
    ),
)
define(
    "unknown-procedure",
    Refusal(
        422,
        "没有适用的办理程序",
        "No procedure is for this",
        "按目的和依法分类选择程序",
        "Choose a procedure for this kind and route",
    ),
)
define(
    "nothing-to-claim",
    Refusal(
        409,
        "不是待认领的工单",
        "There is no order to be claimed",
        "直接办理",
        "Go on with it",
    ),
)
define(
    "route-missing",
    Refusal(
        422,
        "申诉求决须先作依法分类",
        "An appeal needs its route",
        "填写 route(《信访工作条例》第三十一条第一至六项)",
        "Give route, 1 to 6 (Art 31)",
    ),
)
define(
    "incomplete",
    Refusal(
        422,
        "材料或内容不齐全",
        "Something is missing",
        "按 papers 和 errors 补齐后重试",
        "Complete what papers and errors name, then send again",
    ),
)
define(
    "was-handed-over",
    Refusal(
        409,
        "该件不是转送交办而来",
        "The case was not handed over to you",
        "由本单位办理",
        "Handle it yourself",
    ),
)
define(
    "not-forced",
    Refusal(
        409,
        "该件已指定由本单位办理,不得再提异议",
        "You were told to handle this case; there is no second objection",
        "依法办理该件",
        "Handle the case",
    ),
)
define(
    "not-a-review",
    Refusal(
        409,
        "复查复核不能撤回",
        "A review cannot be recalled",
        "等待复查复核单位签收",
        "Wait until the reviewing unit signs for it",
    ),
)
define(
    "was-assigned",
    Refusal(
        409,
        "该件不是交办件,不需报告结果",
        "The case was not assigned: no report is due",
        "直接办结",
        "Close it",
    ),
)
define(
    "not-in-review",
    Refusal(
        409,
        "复查复核件不得再转送、交办、并案",
        "A case under review is not handed on or merged",
        "由复查复核单位办理",
        "The reviewing unit decides it",
    ),
)
define(
    "four-eyes",
    Refusal(
        409,
        "送审人和已审批人不能再审批同一处理意见",
        "Nobody approves an opinion that they sent for approval or have approved before",
        "由其他有权人员审批",
        "Let another approver decide",
    ),
)
define(
    "in-review-window",
    Refusal(
        409,
        "不在申请复查复核的期限内",
        "The time for asking for a review is not running",
        "核对送达日期和申请日期",
        "Check when the opinion was served and when the review was asked for",
    ),
)
define(
    "not-confidential",
    Refusal(409, "该件未列为保密", "The case is not confidential", "按当前状态办理", "Go on as it stands"),
)
define(
    "confidential-already",
    Refusal(409, "该件已列为保密", "The case is confidential already", "按当前状态办理", "Go on as it stands"),
)
define(
    "is-suspended",
    Refusal(
        409,
        "该件没有中止",
        "The case is not suspended",
        "按当前状态办理",
        "Go on as it stands",
    ),
)
define(
    "suspended",
    Refusal(
        409,
        "该件已中止",
        "The case is suspended",
        "先恢复办理",
        "Resume it first",
    ),
)
define(
    "is-merged",
    Refusal(
        409,
        "该件没有并案",
        "The case is not merged",
        "按当前状态办理",
        "Go on as it stands",
    ),
)
define(
    "merged",
    Refusal(
        409,
        "该件已并入主件",
        "The case is merged into a lead case",
        "办理主件,或先撤销并案",
        "Act on the lead case, or undo the merge first",
    ),
)
define(
    "not-terminated-before",
    Refusal(
        409,
        "该事项已经复核终结,不得再次受理",
        "This matter has been through re-review: it is not accepted again",
        "出具不再受理告知书",
        "Say so in writing (refuse-again, Art 36)",
    ),
)
define(
    "not-barred",
    Refusal(
        409,
        "该事项未经复核终结,或已认定有新的事实和理由",
        "This matter has not been through re-review, or facts and reasons were found new",
        "依法受理或不予受理;属重复信访的先在登记中关联",
        "Accept or decline it; if it repeats a terminated matter, link it in the register first (Art 36)",
    ),
)
define(
    "nothing-to-carry-out",
    Refusal(
        409,
        "没有待落实的处理意见:意见不予支持、尚未送达,或已登记落实",
        "There is nothing to carry out: no opinion in support was served, or its result is recorded already",
        "查看处理意见及其期限",
        "Look at the opinion and its time limits",
    ),
)
define(
    "object-instead",
    Refusal(
        409,
        "签收的件只能交下级单位办理,不能退给来件单位或转给上级、同级单位",
        "What was received is handed on to units below only: not back to its sender, nor up or sideways",
        "不属本单位的,在异议期内提出异议",
        "If it is not yours, object to the hand-over while the time for that runs",
    ),
)
define(
    "too-many-hops",
    Refusal(
        409,
        "移交次数已达上限",
        "The case has been handed on as often as it may be",
        "由本单位办理,或提出异议,由共同上级指定",
        "Handle it, or object so that the common superior decides",
    ),
)
define(
    "no-further-review",
    Refusal(
        409,
        "复核意见为终结意见",
        "After a re-review there is no further review",
        "出具不再受理告知书",
        "Say so in writing (refuse-again, Art 36)",
    ),
)
define(
    "not-the-parent-unit",
    Refusal(
        422,
        "只能向原办理单位的上一级申请复查复核",
        "Only the unit above the handler reviews",
        "由系统按上一级单位转交,或不填 to_unit",
        "Leave to_unit out: the unit above is known",
    ),
)
