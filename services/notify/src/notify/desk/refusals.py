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
