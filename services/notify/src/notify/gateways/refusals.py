"""What callbacks of gateways are refused for, in both languages."""

from kit.errors import Refusal, define

define(
    "signature-refused",
    Refusal(
        401,
        "签名验证失败",
        "The signature does not agree",
        "按 header 所指的请求头核对账号、密钥、时间和签名算法",
        "Check account, secret, time and the way of signing by the header named in header",
    ),
)
define(
    "request-repeated",
    Refusal(
        409,
        "该请求已收到过",
        "This request has come before",
        "每次发送都用新的 nonce 和时间重新签名",
        "Sign each try anew, with a fresh nonce and time",
    ),
)
