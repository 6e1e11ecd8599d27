"""What is said no to about pages: to requests, and of files and pages that cannot be used."""

from kit.errors import Refusal, define

define(
    "bundle-not-draft",
    Refusal(
        409,
        "材料册已不是草稿",
        "The bundle is no draft",
        "材料仍在整理时稍候;已归档的另建一册",
        "Wait while its files are looked at; once it is filed, make another",
    ),
)
define(
    "no-pages-left",
    Refusal(422, "材料册没有页面", "The bundle has no pages", "至少保留一页", "Leave at least one page in it"),
)
define(
    "no-such-page",
    Refusal(
        422,
        "没有此页,或同一页出现两次",
        "There is no such page, or it is named twice",
        "按 position 核对页面清单",
        "Check the list of pages at position",
    ),
)
define(
    "too-many-pages",
    Refusal(422, "页数过多", "Too many pages", "拆分为几个文件或几册", "Divide it into several files or bundles"),
)
define(
    "no-pages",
    Refusal(
        422,
        "此类文件没有页面,不能编入材料册",
        "A file of this kind has no pages",
        "原文件照常保存;需要编页的请转换为 PDF 或图片",
        "It is kept as it is; convert it to PDF or an image to have its pages here",
    ),
)
define(
    "file-encrypted",
    Refusal(
        422,
        "文件已加密,无法打开",
        "The file is encrypted and cannot be opened",
        "去除密码后重新上传",
        "Remove its password and upload it again",
    ),
)
define(
    "file-damaged",
    Refusal(
        422,
        "文件已损坏或不完整",
        "The file is damaged or incomplete",
        "检查原文件后重新上传",
        "Check the original and upload it again",
    ),
)
define(
    "picture-too-large",
    Refusal(
        422,
        "图片尺寸过大",
        "The picture has too many pixels",
        "降低扫描分辨率后重新上传",
        "Scan it at a lower resolution and upload it again",
    ),
)
define(
    "file-too-heavy",
    Refusal(
        422,
        "处理该文件所需的时间或内存超过限制",
        "The file takes more time or memory than is allowed",
        "简化或拆分后重新上传",
        "Simplify or divide it and upload it again",
    ),
)
define(
    "conversion-not-installed",
    Refusal(
        422,
        "本节点未安装文档转换程序",
        "Office documents are not converted at this node",
        "原文件照常保存;需要编页的请另存为 PDF 后上传",
        "It is kept as it is; save it as PDF and upload that to have its pages here",
    ),
)
define(
    "not-converted",
    Refusal(
        422,
        "文档无法转换,可能设有密码或已损坏",
        "The document cannot be converted; it may have a password or be damaged",
        "另存为 PDF 后上传",
        "Save it as PDF and upload that",
    ),
)
define(
    "page-not-shown",
    Refusal(
        422,
        "此页无法显示,未识别文字",
        "The page cannot be shown, so it was not read",
        "该页照原样归档",
        "It is filed as it is",
    ),
)
define(
    "page-not-read",
    Refusal(
        422,
        "此页文字识别失败",
        "The text of this page could not be read",
        "该页不带文字归档",
        "It is filed without its text",
    ),
)
define(
    "reading-not-installed",
    Refusal(
        422,
        "本节点未安装文字识别程序",
        "Pages are not read at this node",
        "该页不带文字归档",
        "It is filed without its text",
    ),
)
define(
    "too-many-files",
    Refusal(422, "文件过多", "Too many files", "分为几册", "Make several bundles of them"),
)
