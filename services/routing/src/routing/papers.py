"""The kinds of papers (文书) that procedures may demand, by the name they have in events. Standard library only."""

from collections.abc import Mapping

# kind -> (Chinese, English). An opinion is named after the stage it is written in: 处理, 复查, 复核意见书.
PAPERS: Mapping[str, tuple[str, str]] = {
    "notice": ("告知书", "Notice"),
    "transfer-letter": ("转送函", "Letter of transfer"),
    "assignment-letter": ("交办函", "Letter of assignment"),
    "result-report": ("办结报告", "Result report"),
    "acceptance-notice": ("受理告知书", "Notice of acceptance"),
    "decline-notice": ("不予受理告知书", "Notice that it is declined"),
    "refusal-again-notice": ("不再受理告知书", "Notice that it is no longer accepted"),
    "extension-notice": ("延期告知书", "Notice of extension"),
    "opinion": ("意见书", "Opinion"),
    "mediation-agreement": ("调解协议书", "Mediation agreement"),
    "settlement-agreement": ("和解协议书", "Settlement agreement"),
    "supervision-letter": ("督办函", "Letter of supervision"),
    "suggestion-letter": ("三项建议书", "Letter of suggestion"),
    "hearing-record": ("听证笔录", "Record of a hearing"),
}
