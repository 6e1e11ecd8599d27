"""Refusals whose meaning all services share, in both languages."""

from kit.errors import Refusal, define

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
    "unknown-region",
    Refusal(422, "没有该行政区划", "No such region", "选择列表中的区划代码", "Choose a region code of the list"),
)
define(
    "unknown-unit",
    Refusal(422, "没有该单位", "No such unit", "选择列表中的单位", "Choose a unit of the list"),
)
define(
    "route-of-no-appeal",
    Refusal(
        422,
        "只有申诉求决类事项才有依法分类路径",
        "Only an appeal has a route of Art 31",
        "去掉 route,或将目的改为申诉求决",
        "Leave route out, or say that it is an appeal",
    ),
)
