"""What notices to staff refuse, in both languages."""

from kit.errors import Refusal, define

define(
    "channel-not-offered",
    Refusal(
        409,
        "本节点未开通该通知方式",
        "This node does not send that way",
        "换一种方式,或请系统管理员开通",
        "Choose another way, or ask the operators to open it",
    ),
)
define(
    "webhook-not-allowed",
    Refusal(
        422,
        "该地址不在允许的网络钩子范围内",
        "Webhooks may not go to that address",
        "使用 https,并请系统管理员将该主机列入允许名单",
        "Use https, and ask the operators to list its host",
    ),
)
define(
    "wrong-code",
    Refusal(
        422,
        "确认码不正确或已失效",
        "The code is wrong or no longer good",
        "核对后重试;五次之后须重新获取",
        "Check it; after five tries ask for a new one",
    ),
)
