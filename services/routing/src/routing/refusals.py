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
    "deadline-missing",
    Refusal(
        422,
        "交办必须规定将来的办结期限",
        "An assignment needs a deadline in the future",
        "填写 due_at",
        "Give due_at",
    ),
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
    "objection-too-late",
    Refusal(
        409,
        "已超过五个工作日的异议期",
        "The five working days for an objection are over",
        "依法办理该件",
        "Handle the case",
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
        "复查复核件不得再转送、交办",
        "A case under review is not handed on",
        "由复查复核单位办理",
        "The reviewing unit decides it",
    ),
)
define(
    "four-eyes",
    Refusal(
        409,
        "拟稿人不能审批自己的处理意见",
        "Nobody approves the opinion they sent for approval",
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
define(
    "extension-too-late",
    Refusal(
        409,
        "期限已届满,不能延期",
        "The time limit is over and can no longer be extended",
        "期限届满前批准延期;已逾期的尽快办结",
        "Extend before the limit ends; finish soon what is overdue",
    ),
)
define(
    "extension-too-long",
    Refusal(
        422,
        "延期超过规定天数,或已延期一次",
        "The extension is longer than allowed, or there was one already",
        "按 longest 缩短;每个期限只能延期一次",
        "Shorten it to longest; a limit can be extended once",
    ),
)
define(
    "nothing-to-extend",
    Refusal(
        409,
        "没有可延期的期限",
        "No time limit is running that could be extended",
        "查看 clocks 中正在计算的期限",
        "See in clocks which time limits run",
    ),
)
