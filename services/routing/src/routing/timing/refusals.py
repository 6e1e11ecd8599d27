"""What time limits say no to, in both languages."""

from kit.errors import Refusal, define

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
    "deadline-too-far",
    Refusal(
        422,
        "办结期限过远",
        "The deadline is too far away",
        "核对 due_at 的年份;最长天数见 longest",
        "Check the year in due_at; longest says how many days there may be",
    ),
)
define(
    "objection-too-late",
    Refusal(
        409,
        "已超过五个工作日的异议期",
        "The five working days for an objection are over",
        "依法办理该件",
        "Handle the case",
    ),
)
define(
    "extension-too-late",
    Refusal(
        409,
        "期限已届满,不能延期",
        "The time limit is over and can no longer be extended",
        "期限届满前批准延期;已逾期的尽快办结",
        "Extend before the limit ends; finish soon what is overdue",
    ),
)
define(
    "extension-too-long",
    Refusal(
        422,
        "延期超过规定天数,或已延期一次",
        "The extension is longer than allowed, or there was one already",
        "按 longest 缩短;每个期限只能延期一次",
        "Shorten it to longest; a limit can be extended once",
    ),
)
define(
    "nothing-to-extend",
    Refusal(
        409,
        "没有可延期的期限",
        "No time limit is running that could be extended",
        "查看 clocks 中正在计算的期限",
        "See in clocks which time limits run",
    ),
)
