"""What routing says no to because of procedures, in both languages."""

from kit.errors import Refusal, define

define(
    "procedure-unknown-here",
    Refusal(
        409,
        "本节点尚不掌握该件的办理程序",
        "This node does not know the procedure of the case yet",
        "办件已保留,只能查看;软件升级后即可办理",
        "The case is kept and can be read; it can be handled once the software here is newer",
    ),
)
define(
    "procedure-differs",
    Refusal(
        409,
        "同名同版本的办理程序内容不同",
        "Two different procedures have this name and version",
        "请改用新的版本号后重新移交",
        "The office that wrote it gives it the next version and hands the case over again",
    ),
)
