"""What is not opened, in both languages."""

from kit.errors import Refusal, define

define(
    "file-infected",
    Refusal(
        403,
        "材料含恶意代码,不予打开",
        "Malware was found in this file; it is not given out",
        "请提交人另行提供干净的文件",
        "Ask whoever handed it in for a clean one",
    ),
)
define(
    "file-not-scanned",
    Refusal(
        409,
        "材料尚未完成安全扫描",
        "The file was not scanned for malware yet",
        "稍后再打开;长时间未完成请联系运维人员",
        "Open it a little later; tell the operators if that does not help",
    ),
)
