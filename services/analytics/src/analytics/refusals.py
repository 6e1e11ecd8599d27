"""What analytics says no to, in both languages."""

from kit.errors import Refusal, define

define(
    "region-outside-scope",
    Refusal(
        403,
        "该行政区划不在您的管辖范围内",
        "This region lies outside your own",
        "查询本级或下级行政区划",
        "Ask for your own region or one below it",
    ),
)
