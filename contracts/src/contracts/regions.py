"""Region codes (GB/T 2260, GB/T 10114): 12 digits, 2+2+2+3+3, and the dotted path made of them. Stdlib only."""

WIDTHS = (2, 2, 2, 3, 3)
TIERS = ("province", "city", "county", "township", "village")


def path_of(code: str) -> str:
    """The dotted path of a 12-digit code: "330225100000" → "33.02.25.100". Raises ValueError."""
    if len(code) != sum(WIDTHS) or not code.isascii() or not code.isdigit():
        raise ValueError("a region code has 12 digits")
    parts, start = [], 0
    for width in WIDTHS:
        part = code[start : start + width]
        if not int(part):
            break
        parts.append(part)
        start += width
    if not parts or code[start:].strip("0"):
        raise ValueError("not a region code")
    return ".".join(parts)


def code_of(path: str) -> str:
    """The 12-digit code of a dotted path. Raises ValueError."""
    parts = path.split(".")
    if not 1 <= len(parts) <= len(WIDTHS):
        raise ValueError("a region path has one to five parts")
    for part, width in zip(parts, WIDTHS, strict=False):
        if len(part) != width or not part.isascii() or not part.isdigit() or not int(part):
            raise ValueError("not a region path")
    return "".join(parts).ljust(sum(WIDTHS), "0")


def tier_of(path: str) -> str:
    """Which tier a dotted path stands for."""
    return TIERS[path.count(".")]
