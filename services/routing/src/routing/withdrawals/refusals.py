"""What asking for a withdrawal says no to, in both languages."""

from kit.errors import Refusal, define

define(
    "withdrawal-asked",
    Refusal(
        409,
        "信访人的撤回已经登记,正等待承办节点记入",
        "The withdrawal was taken down already and waits for the node that writes the case",
        "等待记入;未能记入的,会在办理经过中说明",
        "Wait for it; where it cannot be written the timeline says why",
    ),
)
