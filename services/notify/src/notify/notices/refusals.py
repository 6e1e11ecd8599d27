"""What mass notices are refused for, in both languages."""

from kit.errors import Refusal, define

define(
    "notice-not-in-this-state",
    Refusal(
        409,
        "该通知当前状态不允许此操作",
        "The notice is in a state that does not allow this",
        "刷新后按最新状态操作",
        "Load it again and decide on the newest state",
    ),
)
define(
    "notice-gathering",
    Refusal(
        409,
        "正在从台账选取接收人",
        "The ledger is still being asked for the recipients",
        "稍候片刻再提交",
        "Wait a moment and submit it again",
    ),
)
define(
    "notice-without-recipients",
    Refusal(
        409,
        "没有可以通知的接收人",
        "Nobody would get it",
        "修改筛选条件",
        "Choose other filters",
    ),
)
define(
    "four-eyes-notice",
    Refusal(
        403,
        "拟稿人、提交人不能审批本通知",
        "Who wrote or submitted a notice cannot approve it",
        "由另一位负责人审批",
        "Let another leader decide",
    ),
)
