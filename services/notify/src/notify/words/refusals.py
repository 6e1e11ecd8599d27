"""What is refused about the texts that can go out, in both languages."""

from kit.errors import Refusal, define

define(
    "no-such-template",
    Refusal(
        422,
        "没有该短信模板",
        "There is no such template",
        "从模板列表中选择",
        "Choose one of the list of templates",
    ),
)
define(
    "not-a-lawful-text",
    Refusal(
        422,
        "短信内容不符合要求:只能含编号、阶段、链接、查询码和日期",
        "The text cannot go out: only number, stage, link, query code and dates may",
        "检查变量的格式,并给出 template 或 text 之一",
        "Check the values, and give either a template or a text",
    ),
)
