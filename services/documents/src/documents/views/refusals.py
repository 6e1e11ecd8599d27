"""What is not shown, in both languages."""

from kit.errors import Refusal, define

define(
    "not-viewable",
    Refusal(
        422,
        "无法生成带水印的查阅副本,不能在线查阅",
        "No marked copy can be made of this, so it is not shown",
        "原因见 reason(加密、损坏、过大、页数过多或不是 PDF、图片);确需使用时下载原件,下载同样记入审计",
        "See reason (encrypted, damaged, too large, too many pages, no PDF or picture); where it is needed, download"
        " the original, which is recorded too",
    ),
)
