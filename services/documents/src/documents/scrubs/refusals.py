"""What the collector says no to, in both languages."""

from kit.errors import Refusal, define

define(
    "too-many-uncommitted",
    Refusal(
        409,
        "未登记的对象过多,不予清理",
        "Too many objects that no row names: none is removed",
        "核对数据库是否晚于材料库备份;确认无误后联系开发人员",
        "Look whether the database was restored from a backup older than the store; do not remove anything before",
    ),
)
