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
    "external-id-reused",
    Refusal(
        409,
        "该外部编号已登记为另一件",
        "This external_id stands for another petition",
        "核对来源系统的编号",
        "Check the identifier of the source system",
    ),
)
