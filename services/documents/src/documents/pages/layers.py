"""The invisible text that tesseract writes for a page, made fit for Chinese, and laid over the page.

Tesseract places each word by a box that it guesses and writes a blank behind it. Chinese words have no blanks between
them: whoever looks for 门前道路 would find nothing. So each word is drawn up to where the next begins, without a blank.
"""

import io
from pathlib import Path
from typing import Any

import pikepdf

BLANK, HAN = " ".encode("utf-16-be"), 0x2E80  # as two bytes each; from where on Chinese letters and their marks are
WIDTH = 0.5  # of a letter, in ems: of the font without glyphs that tesseract brings along


def lay_over(page: pikepdf.Page, layer: Path) -> None:
    text = pikepdf.open(io.BytesIO(layer.read_bytes()))  # read when all is saved: it stays open, without a file
    close_up(text.pages[0], text)
    page.add_overlay(text.pages[0], None)


class Word:
    """A word being shown: what is in its TJ and its Tz, which may still be changed."""

    def __init__(self, shown: Any, stretch: list[Any], size: float) -> None:
        self._shown, self._stretch, self._size = shown, stretch, size
        self.text = bytes(shown[0]).removesuffix(BLANK)

    def joins(self, other: "Word") -> bool:
        return max(int.from_bytes(self.text[-2:]), int.from_bytes(other.text[:2])) >= HAN

    def close(self) -> None:
        """Take the blank away behind a Chinese letter."""
        if int.from_bytes(self.text[-2:]) >= HAN:
            self._shown[0] = pikepdf.String(self.text)

    def reach(self, width: float) -> None:
        """Take the blank away, and make it `width` points wide."""
        self._shown[0] = pikepdf.String(self.text)
        letters = len(self.text) // 2
        if letters and width > 0:
            self._stretch[0] = round(100 * width / (self._size * letters * WIDTH), 3)


def close_up(page: pikepdf.Page, pdf: pikepdf.Pdf) -> None:
    """Lines and words begin with `x y Td`; then come a `Tf` where the size changes, `Tz` and `TJ`."""
    written = [(list(each.operands), str(each.operator)) for each in pikepdf.parse_content_stream(page)]
    size, step, before = 0.0, None, None
    stretch: list[Any] = []
    for operands, operator in written:
        if operator == "Td":
            across, up = float(operands[0]), float(operands[1])
            step = across if abs(up) < across / 4 else None  # lines slope a little; the next line begins to the left
        elif operator == "Tf":
            size = float(operands[1])
        elif operator == "Tz":
            stretch = operands
        elif operator == "TJ":
            word = Word(operands[0], stretch, size)
            if before is not None and step is not None and before.joins(word):
                before.reach(step)
            word.close()
            before, step = word, None
    drawn = [(operands, pikepdf.Operator(operator)) for operands, operator in written]
    page.obj.Contents = pdf.make_stream(pikepdf.unparse_content_stream(drawn))
