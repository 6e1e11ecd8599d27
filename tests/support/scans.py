"""Pages as a scanner or a telephone would send them, written by the test itself."""

import io
import struct
import zlib
from typing import Any

import pikepdf
from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
LETTER = (
    "信访人:张三丰",
    "身份证号:33022519800101123X",
    "联系电话:13812345678",
    "家庭住址:甲省乙市丙县丁镇幸福路5号",
    "请求事项:请求修复道路,",
    "补偿因积水造成的损失。",
)


def scan(*lines: str, turned: int = 0, askew: float = 0, size: tuple[int, int] = (1000, 700)) -> Image.Image:
    """A sheet with these lines in print. turned, askew: degrees anticlockwise."""
    image = Image.new("L", size, 255)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines or LETTER):
        draw.text((60, 60 + number * 80), line, font=ImageFont.truetype(FONT, 36), fill=0)
    if askew:
        image = image.rotate(askew, Image.Resampling.BICUBIC, fillcolor=255)
    return image.rotate(turned, expand=True)


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def blank_pdf(pages: int, **options: Any) -> bytes:
    """A PDF of A4 pages, each marked with its number as a width: page n is n points wider than 500."""
    content = io.BytesIO()
    with pikepdf.new() as pdf:
        for number in range(1, pages + 1):
            pdf.add_blank_page(page_size=(500 + number, 800))
        pdf.save(content, **options)
    return content.getvalue()


def bomb_png(side: int = 30_000) -> bytes:
    """A white picture of `side` × `side` pixels in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    row = b"\0" + b"\xff" * ((side + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
