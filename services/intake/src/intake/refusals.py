"""What intake says no to, in both languages."""

from kit.errors import Refusal, define

define(
    "received-in-the-future",
    Refusal(
        422,
        "收到时间不能晚于现在",
        "The petition cannot have been received in the future",
        "改正收到时间",
        "Correct received_at",
    ),
)
define(
    "wrong-query-code",
    Refusal(
        404,
        "编号或查询码不正确",
        "The number or the query code is not right",
        "核对回执上的编号和查询码",
        "Check both on your receipt",
    ),
)
define(
    "not-the-contact",
    Refusal(
        404,
        "该编号不属于此手机号码",
        "This number does not belong to this telephone",
        "用登记时的手机号码发送",
        "Use the telephone it was registered with",
    ),
)
define(
    "external-id-reused",
    Refusal(
        409,
        "该外部编号已登记为另一件",
        "This external_id stands for another petition",
        "核对来源系统的编号",
        "Check the identifier of the source system",
    ),
)
define(
    "state-secret",
    Refusal(
        422,
        "涉密信访事项不得录入本系统",
        "A petition that holds a state secret must not be entered here",
        "按保密规定转由涉密渠道登记;已填内容未保存",
        "Register it by the channel for secrets; nothing of it was kept",
    ),
)
define(
    "too-many-representatives",
    Refusal(
        422,
        "推选的代表不得超过规定人数",
        "A group may not have so many representatives",
        "请信访人按第二十条推选代表",
        "Let the group choose its representatives by Art 20",
    ),
)
define(
    "group-smaller-than-named",
    Refusal(
        422,
        "总人数不能少于列名人数",
        "The head-count is smaller than the number of people named",
        "改正总人数",
        "Correct group_size",
    ),
)
define(
    "linked-already",
    Refusal(
        409,
        "该件已认定为重复信访",
        "This petition is linked as a repeat already",
        "先撤销现有认定",
        "Unlink it first",
    ),
)
define(
    "not-linked",
    Refusal(
        409,
        "该件未认定为重复信访",
        "This petition is not linked as a repeat",
        "刷新后查看现状",
        "Load it again and look",
    ),
)
define(
    "repeat-of-later",
    Refusal(
        409,
        "只能认定为在先登记件的重复",
        "A petition can only repeat one that was registered before it",
        "交换两件的位置",
        "Link the later one to the earlier one",
    ),
)
define(
    "registered-elsewhere",
    Refusal(
        409,
        "该件由其他节点登记,只能在登记节点变更",
        "Another node registered this petition, and only that node may change it",
        "请登记节点办理",
        "Ask the office of the node named here",
    ),
)
define(
    "not-answered-yet",
    Refusal(
        409,
        "尚未答复,不能评价",
        "There is no answer yet, so nothing can be rated",
        "答复送达后再评价",
        "Rate it when the answer has reached you",
    ),
)
define(
    "rated-already",
    Refusal(
        409,
        "已经评价过",
        "It was rated before",
        "评价只能提交一次",
        "A petition is rated once",
    ),
)
define(
    "rating-expired",
    Refusal(
        409,
        "评价期已满",
        "The time for rating is over",
        "对处理意见不服的,可查看复查期限",
        "If you do not accept the opinion, see whether review may still be asked for",
    ),
)
define(
    "link-unknown",
    Refusal(
        422,
        "不认识的关联方式",
        "No such way to link petitions",
        "升级登记节点的版本",
        "Bring the registering node to a newer version",
    ),
)
