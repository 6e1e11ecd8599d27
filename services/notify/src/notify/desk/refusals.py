"""What the desk says no to, in both languages."""

from kit.errors import Refusal, define

define(
    "conversation-taken",
    Refusal(
        409,
        "该会话正由他人办理",
        "Somebody else works on this conversation",
        "与该人员联系,或请负责人转交",
        "Ask that person, or a leader to take it over",
    ),
)
define(
    "reply-quotes",
    Refusal(
        422,
        "回复中含有信访人短信的内容",
        "The answer repeats what the petitioner sent",
        "短信只告知编号、进展和链接,不写反映内容",
        "Texts tell number, stage and link alone, never the content",
    ),
)
define(
    "reply-names-accused",
    Refusal(
        422,
        "回复中出现了被检举控告的单位",
        "The answer names an accused unit",
        "删去单位名称",
        "Leave the name out",
    ),
)
define(
    "text-converted",
    Refusal(
        409,
        "该短信已登记为信访事项",
        "A petition was made of this text already",
        "刷新后查看编号",
        "Load it again and see its number",
    ),
)
define(
    "no-objection",
    Refusal(
        409,
        "没有待处理的异议",
        "There is no objection to decide on",
        "刷新后按最新状态操作",
        "Load it again and decide on the newest state",
    ),
)
define(
    "text-unreadable",
    Refusal(
        422,
        "该短信或其号码无法读取",
        "This text, or its number, cannot be read",
        "请对方重新发送,或由本人到窗口反映",
        "Ask for it to be sent again, or register it at the window",
    ),
)
define(
    "unit-not-concerned",
    Refusal(
        403,
        "该单位与此号码的信访事项无关",
        "That unit has nothing to do with any petition of this telephone",
        "转给登记或承办过该事项的单位及其上级单位",
        "Hand it to a unit that registered or handled one of them, or to a unit above it",
    ),
)
define(
    "newer-text",
    Refusal(
        409,
        "又有新短信到达",
        "A newer text has come",
        "阅读新短信后再转交",
        "Read it before you hand the conversation on",
    ),
)
define(
    "block-too-long",
    Refusal(
        422,
        "限制时间超过规定上限",
        "The block is longer than allowed",
        "按允许的最长小时数(hours)重新填写",
        "Give at most the hours that are allowed (hours)",
    ),
)
define(
    "block-needs-leader",
    Refusal(
        403,
        "限制时间过长或延长限制须由负责人决定",
        "A block of this length, or to prolong one, is for a leader to decide",
        "缩短到允许的小时数(hours),或请负责人办理",
        "Stay within the hours that are allowed (hours), or ask a leader",
    ),
)
define(
    "no-number",
    Refusal(
        409,
        "发送方不是电话号码,无法回复",
        "Its sender is a name and has no number to answer",
        "按短信内容处理后关闭会话",
        "Act on what it says and close the conversation",
    ),
)
