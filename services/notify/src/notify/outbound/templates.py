"""The texts of templates.toml, checked when they are read."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from notify.domain import TEMPLATES, Template

FILE = Path(__file__).with_name("templates.toml")
LANGUAGES = ("zh", "en")


def read(file: Path = FILE) -> Mapping[tuple[str, str], Template]:
    """Every template by (name, language). Raises ValueError for a missing or an unlawful one."""
    raw = tomllib.loads(file.read_text(encoding="utf-8"))
    try:
        return {
            (name, language): Template(name, language, int(raw[name]["version"]), str(raw[name][language]))
            for name in TEMPLATES
            for language in LANGUAGES
        }
    except KeyError as missing:
        raise ValueError(f"{file.name}: {missing} is missing") from missing
