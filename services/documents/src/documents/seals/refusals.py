"""What documents says no to about numbers and seals, in both languages. Also the reasons for which a paper waits."""

from kit.errors import Refusal, define

define(
    "no-seal",
    Refusal(
        409,
        "该单位没有可用的印章",
        "The unit has no seal that is in use",
        "请运维人员登记印章(xinqiao seals register),已送印的文书随后自动用印",
        "Have the operators register one (xinqiao seals register); papers that wait are sealed by themselves",
    ),
)
define(
    "seal-expired",
    Refusal(
        409,
        "该单位印章的证书已过期",
        "The certificate of the unit's seal has expired",
        "请运维人员更换印章(xinqiao seals renew)",
        "Have the operators renew it (xinqiao seals renew)",
    ),
)
define(
    "seal-key-away",
    Refusal(
        503,
        "印章密钥不可用",
        "The key of the seal cannot be used now",
        "检查密钥目录或密码设备,系统会自动重试",
        "Look at the directory of keys or the token; it is tried again by itself",
    ),
)
define(
    "no-seal-root",
    Refusal(
        503,
        "未配置印章信任根证书",
        "No root certificate for seals is here",
        "设置 [services.documents.seals] roots,或运行 xinqiao seals init",
        "Set roots in [services.documents.seals], or run xinqiao seals init",
    ),
)
define(
    "seal-unsound",
    Refusal(
        409,
        "印章签名未通过验证",
        "What the seal signed does not verify",
        "检查证书是否由信任的根证书签发、是否与密钥匹配",
        "See whether the certificate fits the key and stands under a trusted root",
    ),
)
define(
    "approval-needed",
    Refusal(
        409,
        "该文书须经审批后自动用印",
        "This paper is sealed when it has been approved",
        "送审并完成审批",
        "Send it for approval",
    ),
)
define(
    "not-your-seal",
    Refusal(
        403,
        "只能使用本单位的印章",
        "Only the seal of your own unit is yours to use",
        "请文书所属单位的负责人用印",
        "Ask a leader of the unit whose paper it is",
    ),
)
define(
    "four-eyes-seal",
    Refusal(
        403,
        "更正意见书须由起草人以外的负责人用印",
        "An opinion is not corrected by the leader who wrote it",
        "请另一位负责人用印",
        "Let another leader seal it",
    ),
)
define(
    "not-a-correction",
    Refusal(
        409,
        "该文书不能更正所指文书",
        "This paper cannot correct that one",
        "更正文书须与已用印的原文书同一事项、同一种类、同一单位,且意见结论不变",
        "It must be of the same petition, kind and unit as one that is sealed, and decide the same",
    ),
)
define(
    "superseded-already",
    Refusal(
        409,
        "该文书已被取代",
        "That paper has been superseded already",
        "更正最新的文书",
        "Correct the newest one",
    ),
)
define(
    "sealed-already",
    Refusal(
        409,
        "该文书已用印或正在用印",
        "The paper is sealed, or is being sealed",
        "查看用印情况;内容有误时另行更正",
        "See how it stands; where it is wrong, correct it by another one",
    ),
)
define(
    "word-taken",
    Refusal(
        409,
        "该机关代字已由其他单位使用",
        "Another unit has this word for its numbers",
        "换一个代字",
        "Choose another word",
    ),
)
define(
    "not-a-seal-image",
    Refusal(
        422,
        "印模图片不符合要求",
        "This is no image of a seal",
        "使用不超过 1 MB、边长 200–2400 像素的方形 PNG",
        "Use a square PNG of at most 1 MB with sides of 200 to 2 400 pixels",
    ),
)
define(
    "seal-retired",
    Refusal(409, "该印章已停用", "The seal is retired already", "查看印章清单", "See the list of seals"),
)
