"""What documents says no to about dossiers, in both languages."""

from kit.errors import Refusal, define

define(
    "dossier-not-ready",
    Refusal(
        409,
        "卷宗尚未制成",
        "The dossier is not made yet",
        "稍后再下载;进度见 done/total",
        "Come back later; done and total tell how far it is",
    ),
)
define(
    "dossier-without-pdf",
    Refusal(
        409,
        "此卷宗制作较早,不能单独下载合订本",
        "This dossier is older: its bound PDF cannot be had alone",
        "下载卷宗包,或重新制作",
        "Take the archive, or have it made again",
    ),
)
define(
    "dossier-not-bound",
    Refusal(
        503,
        "卷宗合订未完成",
        "The dossier could not be bound",
        "系统将自动重试;仍未成功请联系运维人员",
        "It is tried again by itself; if it still fails, ask the operators",
    ),
)
