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
