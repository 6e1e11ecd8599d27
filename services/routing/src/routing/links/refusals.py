"""What merging says no to, in both languages."""

from kit.errors import Refusal, define

define(
    "not-held-together",
    Refusal(
        409,
        "主件须与本件由同一单位承办,且不在移交或异议中",
        "The lead must be held by the same unit as this case, and no hand-over or objection of it be open elsewhere",
        "选择本单位正在办理的主件",
        "Choose a lead that your unit holds",
    ),
)
define(
    "lead-of-another-kind",
    Refusal(
        409,
        "目的或被检举控告单位不同、或仅其一保密的事项不得并案",
        "Cases of different kinds, against different units, or of which one is confidential, are not merged",
        "分别办理",
        "Handle them apart",
    ),
)
define(
    "lead-ended",
    Refusal(
        409,
        "已答复、已终结或复查复核中的件不能作主件",
        "What is answered, ended or under review cannot lead",
        "分别办理,或认定为重复信访",
        "Handle them apart, or link it as a repeat",
    ),
)
