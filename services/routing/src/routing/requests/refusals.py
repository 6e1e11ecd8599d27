"""What routing says no to when one unit asks something of another, in both languages."""

from kit.errors import Refusal, define

define(
    "not-above-the-holder",
    Refusal(
        403,
        "本单位不是承办单位的上级单位",
        "Your unit is not above the unit that holds the case",
        "由承办单位的上一级信访部门(部门由同级信访部门)或更上级的信访部门提出",
        "Let the petition office above the holder ask, of a department that of its region, or one further above",
    ),
)
define(
    "not-in-line",
    Refusal(
        422,
        "建议只能向本级、上级或下级单位提出",
        "A suggestion goes to a unit of your own region, above or below it",
        "选择本级、上级或下级单位",
        "Choose a unit of your own region, above or below it",
    ),
)
define(
    "own-unit",
    Refusal(422, "不能向本单位提出", "This cannot be asked of your own unit", "选择其他单位", "Choose another unit"),
)
define(
    "case-ended",
    Refusal(
        409,
        "该件已办结,不能催办或请求协办",
        "The case has ended: it can be neither urged nor supported",
        "意见未落实的,可以督办或者提出建议",
        "If the opinion is not carried out, supervise or make a suggestion",
    ),
)
define(
    "answer-date-missing",
    Refusal(
        422,
        "须写明将来的答复期限",
        "A date in the future is needed by which the answer is wanted",
        "填写 due_at,十年以内",
        "Give due_at, within ten years",
    ),
)
define(
    "adoption-missing",
    Refusal(
        422,
        "对建议的答复须写明采纳情况;其他答复不写",
        "The answer to a suggestion says whether it is adopted; other answers do not",
        "三项建议填写 adoption:adopted、partly 或 not,并说明理由",
        "For a suggestion give adoption: adopted, partly or not, with the reasons",
    ),
)
define(
    "not-your-request",
    Refusal(
        403,
        "此步应由另一方单位办理",
        "This step is for the other unit to take",
        "查看 actions 中本单位可办的操作",
        "See in actions what your unit can do",
    ),
)
define(
    "already-proposed",
    Refusal(
        409,
        "该件已因同一情形建议督办",
        "Supervision was proposed for this case and reason before",
        "在督办建议中处理",
        "Decide on the proposal that is there",
    ),
)
define(
    "already-decided",
    Refusal(
        409,
        "该督办建议已有决定",
        "This proposal was decided already",
        "查看决定",
        "See what was decided",
    ),
)
