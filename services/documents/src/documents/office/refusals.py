"""What documents says no to about papers of a unit, in both languages."""

from kit.errors import Refusal, define

define(
    "draft-not-sent",
    Refusal(
        409,
        "该稿没有待审批的送审",
        "This draft does not wait for approval",
        "刷新后查看其最新状态",
        "Load it again and see how it stands",
    ),
)
define(
    "draft-sent",
    Refusal(
        409,
        "该稿已送审或已退回，内容没有改动",
        "This version was sent before, and is unchanged",
        "等待审批；已退回的，修改保存后再送审",
        "Wait for the decision; where it was returned, save a changed version and send that",
    ),
)
define(
    "four-eyes-paper",
    Refusal(
        403,
        "不能审批本人起草或修改过的文书",
        "Nobody approves a paper they have written themselves",
        "请本单位另一位负责人审批",
        "Let another leader of the unit decide",
    ),
)
