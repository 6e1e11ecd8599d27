"""What was typed into the form of registration, as the body that intake takes, and errors back at what was typed."""

import re
from dataclasses import dataclass
from typing import Any

from portal.deciding import moment, whole
from portal.forms import Form
from portal.wording import LANGUAGES, Wording

PERSON = ("name", "phone", "id_number", "address")
PLAIN = ("channel", "kind", "title", "content", "category", "about_region", "external_id")
ROWS = 5  # with fields of their own: those who may speak for a group (Art 20)
NEW = "none"  # the clerk has looked at what was proposed: it is no repeat
BETWEEN = re.compile("[,，\t]")


@dataclass(frozen=True, slots=True)
class Registration:
    """rows: which rows of the form hold a person; lines: which lines of the list of further people."""

    form: Form
    rows: tuple[int, ...]
    lines: tuple[int, ...]

    @property
    def people(self) -> list[dict[str, Any]]:
        typed = self.form.text("more_petitioners").splitlines()
        return [*(_person(self.form, row) for row in self.rows), *(_listed(typed[line - 1]) for line in self.lines)]

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {**self.form.chosen(PLAIN), "petitioners": self.people}
        body["accused_units"] = self.form.every("accused_units")
        read = {"received_at": moment, "route": whole, "group_size": whole}
        body |= {name: read[name](text) for name, text in self.form.chosen(read).items()}
        if self.repeat_of not in {"", NEW}:
            body["repeat_of"] = self.repeat_of
        return body

    @property
    def sought(self) -> dict[str, Any]:
        """What repeats are looked for by."""
        people = [{part: person[part] for part in PERSON if part in person} for person in self.people]
        return {**self.form.chosen(("title", "content")), "petitioners": people}

    @property
    def repeat_of(self) -> str:
        """What the clerk decided on the repeats that were proposed; empty as long as nothing was."""
        return self.form.text("repeat_of")

    @property
    def named(self) -> str | None:
        """What is wrong with who raised it: an anonymous petition is one on purpose. The end of a label's key."""
        people, anonymous = bool(self.rows or self.lines), bool(self.form.text("anonymous"))
        if people == anonymous:
            return "anonymous_named" if people else "nobody_named"
        return None

    def as_typed(self, problem: dict[str, Any]) -> dict[str, Any]:
        """The problem with its errors at the row or the line that was typed."""
        errors, listed = [], []
        for item in problem.get("errors", []):
            parts = item["field"].removeprefix("body.").split(".")
            place = int(parts[1]) if parts[0] == "petitioners" and len(parts) > 1 and parts[1].isdigit() else None
            if parts[0] == "petitioners" and (place is None or place >= len(self.rows)):
                listed.append((item, None if place is None else self.lines[place - len(self.rows)], parts[-1]))
                continue
            if place is not None:
                parts[1] = str(self.rows[place])
            errors.append({**item, "field": ".".join(parts)})
        if listed:
            said = {language: _said(listed, Wording(language)) for language in LANGUAGES}
            errors.append({"field": "more_petitioners", **said})
        return {**problem, "errors": errors}


def registration_of(form: Form) -> Registration:
    lines = form.text("more_petitioners").splitlines()
    return Registration(
        form,
        tuple(row for row in range(ROWS) if _person(form, row, alone=True)),
        tuple(number for number, line in enumerate(lines, start=1) if BETWEEN.sub("", line).strip()),
    )


def _person(form: Form, row: int, *, alone: bool = False) -> dict[str, Any]:
    at = f"petitioners.{row}"
    person: dict[str, Any] = {part: text for part in PERSON if (text := form.text(f"{at}.{part}"))}
    return person | {"representative": True} if form.text(f"{at}.representative") and not alone else person


def _listed(line: str) -> dict[str, str]:
    """A line of the list: name, telephone, identity number, address; what comes after the third mark is address."""
    return {part: text.strip() for part, text in zip(PERSON, BETWEEN.split(line, 3), strict=False) if text.strip()}


def _said(listed: list[tuple[dict[str, Any], int | None, str]], wording: Wording) -> str:
    told = []
    for item, line, part in listed:
        reason = wording.reason(part, item)
        told.append(reason if line is None else wording("register.line", number=line, reason=reason))
    return wording("site.comma").join(told)
