"""What is said no to about links, in both languages."""

from kit.errors import Refusal, define

define(
    "link-ended",
    Refusal(
        410,
        "链接已失效或已使用",
        "The link has ended, or was used",
        "回到办件重新打开材料",
        "Go back to the case and open it again",
    ),
)
