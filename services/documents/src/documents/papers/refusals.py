"""What documents says no to because of templates and drafts, in both languages."""

from kit.errors import Refusal, define

define(
    "template-unknown-here",
    Refusal(
        422,
        "本节点没有该文书模板",
        "This node does not have the template of the paper",
        "从文书种类列表中选择,或由运维人员升级软件",
        "Choose one from the list of kinds, or have the software here upgraded",
    ),
)
define(
    "paper-not-rendered",
    Refusal(
        500,
        "文书无法排版",
        "The paper could not be laid out",
        "缩短内容后重试;仍然失败的,凭 trace_id 联系运维人员",
        "Shorten it and try again; if it still fails, give the trace_id to the operators",
    ),
)
define(
    "draft-filed",
    Refusal(
        409,
        "该草稿已经归档为文书",
        "This draft was filed as a paper",
        "查看已归档的文书;需要更正的另起草稿",
        "See the paper that was filed; begin another draft to correct it",
    ),
)
define(
    "draft-too-long",
    Refusal(
        409,
        "该草稿保存的版本过多",
        "This draft has too many versions",
        "归档,或另起草稿",
        "File it, or begin another draft",
    ),
)
define(
    "docx-unreadable",
    Refusal(
        422,
        "无法读取该 Word 文件",
        "This Word file cannot be read",
        "下载草稿的 .docx,只改动各项内容后重新上传",
        "Download the draft as .docx, change only its sections, and send it again",
    ),
)
