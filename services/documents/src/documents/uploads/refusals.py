"""What uploads in parts are refused for, in both languages."""

from kit.errors import Refusal, define

define(
    "tus-version",
    Refusal(
        412,
        "不支持的 tus 协议版本",
        "This version of the tus protocol is not spoken here",
        "发送 Tus-Resumable: 1.0.0",
        "Send Tus-Resumable: 1.0.0",
    ),
)
define(
    "not-a-chunk",
    Refusal(
        415,
        "分段的类型须为 application/offset+octet-stream",
        "A part of a file is sent as application/offset+octet-stream",
        "改正 Content-Type",
        "Correct the Content-Type",
    ),
)
define(
    "wrong-offset",
    Refusal(
        409,
        "起始位置与已收到的字节数不符",
        "The offset is not where the upload stands",
        "用 HEAD 查询已收到的位置,从该处继续",
        "Ask with HEAD how much has arrived and go on from there",
    ),
)
define(
    "checksum-unknown",
    Refusal(
        400,
        "不支持的校验算法或格式",
        "The checksum is in a form that is not known here",
        "使用 algorithms 中的算法,值为 Base64",
        "Use one of the algorithms named, the value in Base64",
    ),
)
define(
    "checksum-mismatch",
    Refusal(
        460,
        "校验值不符,该段未保存",
        "The checksum does not fit; nothing of this part was kept",
        "重新发送该段",
        "Send this part again",
    ),
)
define(
    "upload-expired",
    Refusal(
        410,
        "上传已过期或已丢失,未保存任何内容",
        "The upload has expired or was lost; nothing of it was kept",
        "用同一个材料编号从头上传",
        "Send the file again from its beginning, under the same file_id",
    ),
)
define(
    "too-many-uploads",
    Refusal(
        429,
        "本单位未完成的上传过多",
        "The unit has too many unfinished uploads",
        "先完成或取消已开始的上传",
        "Finish or cancel those that were begun",
    ),
)
define(
    "too-many-parts",
    Refusal(
        413,
        "分段过小、过多",
        "The file came in too many small parts",
        "取消后用更大的分段重新上传",
        "Cancel it and send it again in larger parts",
    ),
)
