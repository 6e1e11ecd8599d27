"""A plain round seal, red on nothing, with a star and the unit's name: for demonstrations and tests.

Real seals are cut by whom the authorities name, and are registered as the image that was deposited.
"""

import math
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

FONT = "NotoSerifCJK-Bold.ttc"
RED = (205, 20, 20, 255)
SIDE = 600  # pixels; 42 mm on paper are 360 dots to the inch
ARC = math.radians(250)  # that names of more than a few characters take


def round_seal(name: str) -> bytes:
    """A PNG with a transparent ground. Raises OSError when the font is not installed (fonts-noto-cjk)."""
    picture = Image.new("RGBA", (SIDE, SIDE), (255, 255, 255, 0))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((8, 8, SIDE - 8, SIDE - 8), outline=RED, width=16)
    draw.polygon(_star(SIDE / 2, SIDE / 2, 92), fill=RED)
    for place, character in enumerate(name):
        _put(picture, character, place, len(name))
    written = BytesIO()
    picture.save(written, "PNG", optimize=True)
    return written.getvalue()


def _star(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    radii = (radius, radius * 0.382)
    turns = [math.radians(36 * point - 90) for point in range(10)]
    return [(x + radii[at % 2] * math.cos(turn), y + radii[at % 2] * math.sin(turn)) for at, turn in enumerate(turns)]


def _put(picture: Image.Image, character: str, place: int, length: int) -> None:
    """A character upright on the arc, read from the left over the top to the right."""
    size = max(28, min(78, round(ARC * 225 / max(length, 1) * 0.9)))
    font = ImageFont.truetype(FONT, size)
    span = min(ARC, math.radians(30) * (length - 1))
    turn = -span / 2 + (span * place / (length - 1) if length > 1 else 0)
    cell = Image.new("RGBA", (size * 2, size * 2), (255, 255, 255, 0))
    ImageDraw.Draw(cell).text((size, size), character, font=font, fill=RED, anchor="mm")
    cell = cell.rotate(-math.degrees(turn), resample=Image.Resampling.BICUBIC)
    x, y = SIDE / 2 + 225 * math.sin(turn), SIDE / 2 - 225 * math.cos(turn)
    picture.alpha_composite(cell, (round(x - size), round(y - size)))
