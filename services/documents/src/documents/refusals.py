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
        "转换为 PDF、图片、Office 文档、压缩包或纯文本后上传",
        "Convert it to PDF, an image, an Office document, ZIP or plain text",
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
    "content-damaged",
    Refusal(
        500,
        "材料内容缺失或已被改动",
        "The stored content is missing or was altered",
        "凭 trace_id 联系运维人员",
        "Give the trace_id to the operators",
    ),
)
