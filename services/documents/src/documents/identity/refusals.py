"""What is said no to about identity papers, in both languages."""

from kit.errors import Refusal, define

define(
    "purpose-needed",
    Refusal(
        403,
        "查阅身份证件须先说明用途",
        "Identity papers are read for a stated purpose only",
        "从 purposes 中选择用途再试(请求头 Reading-Purpose,必要时 Reading-Purpose-Words);用途记入审计",
        "Send one of purposes in the header Reading-Purpose, with Reading-Purpose-Words where it asks for words; it is"
        " recorded",
    ),
)
define(
    "purpose-unknown",
    Refusal(
        422,
        "用途不在规定之列,或未作说明",
        "That is no purpose of the policy, or it needs words of your own",
        "从 purposes 中选择;words 为真的须另作说明",
        "Choose one of purposes; those with words need some of your own besides",
    ),
)
define(
    "identity-not-marked",
    Refusal(
        409,
        "该材料本身未标为身份证件",
        "The file itself is not marked as an identity paper",
        "由身份证件编成的材料册,须先取消其原件的标记",
        "Where it was made of pages of one, lift the mark of that file first",
    ),
)
define(
    "identity-mark-stays",
    Refusal(
        403,
        "已确认的身份证件标记只能由领导取消",
        "A mark that was made by a person is lifted by a leader",
        "请领导核实后取消",
        "Ask a leader to look and to lift it",
    ),
)
