"""What the exchange of papers says no to, in both languages."""

from kit.errors import Refusal, define

define(
    "dispatch-sent",
    Refusal(409, "该发文已发出", "It has been sent", "需要更正的,撤回后另行发文", "Recall it and send another"),
)
define(
    "dispatch-not-here",
    Refusal(409, "来文尚未送达", "It has not arrived yet", "稍后再试", "Try again later"),
)
define(
    "dispatch-unread",
    Refusal(
        409,
        "该文尚未签收",
        "It has not been signed for yet",
        "先签收,再办理",
        "Sign for it first",
    ),
)
define(
    "dispatch-read",
    Refusal(
        409,
        "对方已签收,不能撤回",
        "It was signed for, so it cannot be recalled or signed for again",
        "另行发文说明,或请对方退文",
        "Send another that explains it, or ask the unit to return it",
    ),
)
define(
    "dispatch-returned",
    Refusal(
        409,
        "该文已退回",
        "It was returned",
        "需要的,重新发文",
        "Send it again where it is needed",
    ),
)
define(
    "dispatch-recalled",
    Refusal(
        409,
        "发文单位已撤回该文",
        "The sender has recalled it",
        "与发文单位联系",
        "Ask the sending unit",
    ),
)
define(
    "dispatch-answered",
    Refusal(409, "该文已复文,不能退回", "It was answered", "另行发文说明", "Send another that explains it"),
)
define(
    "nothing-unread",
    Refusal(
        409,
        "所选单位均已签收或已办结",
        "None of these units has it unread",
        "刷新后查看签收情况",
        "Load it again and see who has signed for it",
    ),
)
define(
    "not-among-readers",
    Refusal(
        403,
        "该件保密,所列单位不在可阅范围",
        "The petition is confidential, and this unit is not among its readers",
        "从收文单位中去掉该单位",
        "Leave the unit out",
    ),
)
define(
    "body-missing",
    Refusal(
        422,
        "没有选定正文",
        "No file or paper of it is its text",
        "上传或起草正文后选定",
        "Upload or write the text, and choose it",
    ),
)
define(
    "seal-pending",
    Refusal(
        409,
        "正文正在用印",
        "The text waits for its seal",
        "用印完成后再发",
        "Send it when it is sealed",
    ),
)
define(
    "no-superior-office",
    Refusal(
        422,
        "没有上一级信访部门",
        "There is no office above this unit",
        "以公文形式发送",
        "Send it as a paper",
    ),
)
define(
    "not-a-bulletin",
    Refusal(422, "该文不是信访信息", "This is no bulletin", "选择一份信访信息", "Choose a bulletin"),
)
