"""What documents says no to, in both languages."""

from kit.errors import Refusal, define

define(
    "empty-file",
    Refusal(422, "文件为空", "The file is empty", "检查文件后重新上传", "Check the file and send it again"),
)
define(
    "unsupported-media",
    Refusal(
        415,
        "不接收此类文件",
        "Files of this kind are not kept here",
        "转换为 accepted 中的某一类型后上传",
        "Convert it to one of the types in accepted",
    ),
)
define(
    "media-type-mismatch",
    Refusal(
        415,
        "文件内容与声明的类型不符",
        "The file is not what its Content-Type says",
        "按 looks_like 改正 Content-Type,或检查文件",
        "Send the Content-Type named in looks_like, or check the file",
    ),
)
define(
    "extension-mismatch",
    Refusal(
        415,
        "文件内容与扩展名不符",
        "The file is not what its name says",
        "按 expected 改正扩展名,或检查文件",
        "Give it one of the extensions named in expected, or check the file",
    ),
)
define(
    "truncated-file",
    Refusal(
        422,
        "文件不完整,结尾缺失",
        "The file is cut off: its end is missing",
        "从原处重新复制或扫描后上传",
        "Copy or scan it again, then send it",
    ),
)
define(
    "file-id-reused",
    Refusal(
        409,
        "该材料编号已用于另一份内容",
        "This file_id stands for other content",
        "为新的文件换一个新编号",
        "Use a new file_id for a new file",
    ),
)
define(
    "upload-interrupted",
    Refusal(
        400,
        "上传中断,未保存任何内容",
        "The upload was interrupted; nothing of it was kept",
        "用同一个材料编号重新上传",
        "Send it again under the same file_id",
    ),
)
define(
    "not-here-yet",
    Refusal(
        409,
        "材料尚未从其他节点传到",
        "This has not come here from the other node yet",
        "稍后再试;传输会自动继续,其余材料可先办理",
        "Try again later: it comes by itself, and you can work with the rest",
    ),
)
define(
    "not-available",
    Refusal(
        409,
        "材料在所列节点缺失或损坏,无法传来",
        "The nodes named in missing_at cannot give this: there it is gone or damaged",
        "请该节点核查并重新上传,或由本节点运维人员再次请求",
        "Have it looked for and handed in again there, or have this node's operators ask again",
    ),
)
define(
    "content-damaged",
    Refusal(
        500,
        "材料内容缺失或已被改动",
        "The stored content is missing or was altered",
        "凭 trace_id 联系运维人员",
        "Give the trace_id to the operators",
    ),
)
