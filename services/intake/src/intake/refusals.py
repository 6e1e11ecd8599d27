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
    "accused-unit",
    Refusal(
        403,
        "被检举控告的单位及其下属不得接触此件",
        "The accused unit and those below it may not touch this",
        "交由上一级或其他有权单位办理",
        "Let the unit above, or another competent one, handle it",
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
    "unknown-region",
    Refusal(422, "没有该行政区划", "No such region", "选择列表中的区划代码", "Choose a region code of the list"),
)
define(
    "unknown-unit",
    Refusal(422, "没有该单位", "No such unit", "选择列表中的单位", "Choose a unit of the list"),
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
