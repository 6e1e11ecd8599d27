"""What the portal says no to, in both languages."""

from kit.errors import Refusal, define

define(
    "wrong-credentials",
    Refusal(
        401,
        "用户名或密码不正确",
        "The user name or the password is not right",
        "核对后重试;多次失败后须等待一段时间",
        "Check both; after several failures you have to wait",
    ),
)
define(
    "too-many-sign-ins",
    Refusal(
        429,
        "登录失败次数过多",
        "Too many failed attempts to sign in",
        "等待一段时间后再试,或联系系统管理员",
        "Wait a while and try again, or ask your administrator",
    ),
)
define(
    "sign-in-elsewhere",
    Refusal(
        409,
        "本节点使用统一身份认证,内置登录已停用",
        "This node signs people in elsewhere; the built-in sign-in is off",
        "从统一身份认证系统登录",
        "Sign in with the identity provider of your authority",
    ),
)
define(
    "form-expired",
    Refusal(
        403,
        "页面已失效或来源不明,没有提交",
        "The page was too old or came from elsewhere; nothing was sent",
        "返回上一页刷新后重新提交;浏览器须允许本站 Cookie",
        "Go back, reload the page and send again; your browser has to allow cookies for this site",
    ),
)
define(
    "secret-stays-out",
    Refusal(
        422,
        "涉密信访事项不得录入本系统，没有登记，填写的内容未保存",
        "A petition that holds a state secret must not be entered here; it was not registered and nothing was kept",
        "按保密规定转由涉密渠道登记",
        "Register it by the channel for secrets",
    ),
)
define(
    "file-missing",
    Refusal(422, "没有选择文件", "No file was chosen", "选择一个文件再上传", "Choose a file and upload again"),
)
define(
    "wrong-number-or-code",
    Refusal(
        422,
        "编号或查询码的格式不对",
        "This is not how a number or a query code looks",
        "照回执上的编号和查询码填写",
        "Enter both as they stand on your receipt",
    ),
)
