"""What may leave: number, stage, link, query code, and nothing else."""

from pathlib import Path

import pytest

from notify.domain import TEMPLATES, Template
from notify.outbound import templates

VALUES = {
    "office": "某县信访局",
    "number": "XF330225202601050000031",
    "query_code": "7K2M9PQR4T",
    "link": "https://x.example",
}


def test_every_template_is_there_in_both_languages() -> None:
    found = templates.read()
    assert set(found) == {(name, language) for name in TEMPLATES for language in ("zh", "en")}
    assert all(template.render(VALUES) for template in found.values())


def test_only_the_first_message_tells_the_query_code() -> None:
    telling = {t.name for t in templates.read().values() if VALUES["query_code"] in t.render(VALUES)}
    assert telling == {"registered"}


@pytest.mark.parametrize("text", ["{content}", "{accused}", "{number.__class__}", "{0}", "{}", "line\nbreak {number}"])
def test_a_template_that_would_tell_more_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="closed"):
        Template("closed", "zh", 1, text)


def test_a_template_with_lawful_fields_is_not_refused() -> None:
    assert Template("closed", "zh", 1, "{office}{number}{link}").render(VALUES).startswith("某县信访局XF")


def test_a_file_with_a_missing_language_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "templates.toml"
    file.write_text(templates.FILE.read_text(encoding="utf-8").replace("en = ", "de = ", 1), encoding="utf-8")
    with pytest.raises(ValueError, match="'en' is missing"):
        templates.read(file)
