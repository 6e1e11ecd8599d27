"""Templates of papers (文书模板) as data: reads `<kind>/<version>/`, refuses what is wrong with file and reason."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import yaml
from jinja2 import BaseLoader, DictLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from documents.papers.domain import day
from kit.errors import Refused

SHIPPED = Path(__file__).parent / "templates"
# release -> "kind/version" -> SHA-256, for ever; `python -m documents.papers release` adds to it
RELEASED: Mapping[str, Mapping[str, str]] = json.loads((SHIPPED / "released.json").read_text(encoding="utf-8"))
BASE = "base"  # layouts that templates extend; versioned and kept like them
FILES = ("paper.yaml", "schema.json", "template.html")
LARGEST = 256 * 1024
TIMES = 200_000  # characters a template may make of its examples
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
META: Mapping[str, Any] = json.loads((SHIPPED / "paper.schema.json").read_text(encoding="utf-8"))
FORM: Mapping[str, Any] = json.loads((SHIPPED / "form.schema.json").read_text(encoding="utf-8"))


class BadTemplate(ValueError):
    """Templates that cannot be used: every mistake found, a line each, as `file: reason`."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(mistakes))


@dataclass(frozen=True)
class Template:
    """files_as: the kind of the paper that is filed; drafted_by: roles; of: a case, the unit itself (年度报告), or a
    review (评查), whose paper nobody drafts; schema: JSON Schema of the sections, flat; digest: SHA-256 over its files.
    """

    kind: str
    version: int
    zh: str
    en: str
    files_as: str
    drafted_by: frozenset[str]
    legal_basis: str
    of: str
    schema: Mapping[str, Any] = field(repr=False)
    digest: str
    environment: ImmutableSandboxedEnvironment = field(repr=False)

    @property
    def key(self) -> str:
        """As papers name it: "opinion/1"."""
        return f"{self.kind}/{self.version}"

    @property
    def examples(self) -> dict[str, Any]:
        """Every section with the example the schema gives."""
        return {name: each["examples"][0] for name, each in self.schema["properties"].items()}

    def html(self, sections: Mapping[str, Any], **more: Any) -> str:
        """The paper as HTML. Sections that were left out are None to the template."""
        known = self.schema["properties"]
        labels = {name: each["labels"] for name, each in known.items() if "labels" in each}
        spoken = {name: {value: words[0] for value, words in each.items()} for name, each in labels.items()}
        values = {name: sections.get(name) for name in known}
        return self.environment.get_template(self.key).render(s=values, labels=spoken, **more)


@dataclass(frozen=True)
class Library:
    """The templates of a node by kind and version: all versions, for the papers that were written with them."""

    templates: Mapping[str, Template]

    @classmethod
    def shipped(cls) -> "Library":
        """The templates that come with the suite."""
        return _shipped()

    @classmethod
    def of_node(cls, own: Path | None) -> "Library":
        """The shipped ones, and the versions that the office keeps in its own directory. Raises BadTemplate."""
        if own is None:
            return cls.shipped()
        if not own.is_dir():
            raise BadTemplate([f"{own}: there is no such directory"])
        return cls.read(SHIPPED, own)

    @classmethod
    def read(cls, *directories: Path) -> Self:
        """Raises BadTemplate with all that is wrong."""
        reading = _Reading()
        for directory in directories:
            for place in _places(directory):
                reading.take(place)
        if not reading.mistakes:
            for template in reading.templates.values():
                reading.try_out(template)
        if reading.mistakes:
            raise BadTemplate(reading.mistakes)
        return cls(reading.templates)

    def get(self, kind: str, version: int) -> Template:
        """Raises Refused("template-unknown-here")."""
        found = self.templates.get(f"{kind}/{version}")
        if found is None:
            raise Refused("template-unknown-here", template=f"{kind}/{version}"[:100])
        return found

    def newest(self, kind: str) -> Template:
        """What new papers of the kind are written with. Raises Refused("template-unknown-here")."""
        versions = [each for each in self.templates.values() if each.kind == kind]
        if not versions:
            raise Refused("template-unknown-here", template=kind[:100])
        return max(versions, key=lambda each: each.version)

    def offered(self) -> tuple[Template, ...]:
        """The newest version of every kind."""
        return tuple(self.newest(kind) for kind in dict.fromkeys(each.kind for each in self.templates.values()))


@cache
def _shipped() -> Library:
    return Library.read(SHIPPED)


def _places(directory: Path) -> Iterator[Path]:
    for kind in sorted(each for each in directory.iterdir() if each.is_dir()):
        yield from sorted(each for each in kind.iterdir() if each.is_dir())


def digest_of(place: Path) -> str:
    """SHA-256 over the names and contents of all files of a template, in order of their names."""
    content = sha256()
    for file in sorted(place.iterdir()):
        content.update(f"{file.name}\0{sha256(file.read_bytes()).hexdigest()}\n".encode())
    return content.hexdigest()


class _Reading:
    """What was read so far, and what is wrong with it."""

    def __init__(self) -> None:
        self.templates: dict[str, Template] = {}
        self.mistakes: list[str] = []
        self._texts: dict[str, str] = {}
        self._places: dict[str, Path] = {}
        self._environment = _sandbox(DictLoader(self._texts))

    def take(self, place: Path) -> None:
        key = f"{place.parent.name}/{place.name}"
        if not place.name.isdecimal() or str(int(place.name)) != place.name:
            self.mistakes.append(f"{place}: the version of a template is a number")
        elif key in self._places:
            self.mistakes.append(f"{place}: {key} is defined in {self._places[key]} already; write the next version")
        else:
            self._places[key] = place
            self._read(key, place)

    def _read(self, key: str, place: Path) -> None:
        names = sorted(each.name for each in place.iterdir())
        base = key.startswith(f"{BASE}/")
        if not base and names != [*FILES]:
            self.mistakes.append(f"{place}: a template has the files {', '.join(FILES)}, here are {', '.join(names)}")
            return
        found = {name: self._text(place / name) for name in names}
        if base:
            self._texts |= {f"{key}/{name}": text for name, text in found.items()}
            return
        self._texts[key] = found["template.html"]
        meta = self._checked(place / "paper.yaml", self._yaml(place / "paper.yaml", found["paper.yaml"]), META)
        schema = self._schema(place / "schema.json", found["schema.json"])
        if meta is None or schema is None:
            return
        self.templates[key] = Template(
            kind=place.parent.name, version=int(place.name), zh=meta["name"], en=meta["name_en"],
            files_as=meta["files_as"], drafted_by=frozenset(meta["drafted_by"]), legal_basis=meta["legal_basis"],
            of=meta.get("of", "case"), schema=schema, digest=digest_of(place), environment=self._environment,
        )  # fmt: skip

    def _text(self, file: Path) -> str:
        try:
            if file.stat().st_size <= LARGEST:
                return file.read_text(encoding="utf-8")
            self.mistakes.append(f"{file}: has more than {LARGEST} bytes")
        except (OSError, UnicodeDecodeError) as error:
            self.mistakes.append(f"{file}: cannot be read: {type(error).__name__}")
        return ""

    def _yaml(self, file: Path, text: str) -> Any:
        try:
            return yaml.load(text, LOADER)  # noqa: S506 - a safe loader, in C where the wheel has it
        except yaml.YAMLError as error:
            self.mistakes.append(f"{file}: not YAML: {' '.join(str(error).split())}")
            return {}

    def _schema(self, file: Path, text: str) -> Mapping[str, Any] | None:
        try:
            schema = json.loads(text)
            Draft202012Validator.check_schema(schema)
        except ValueError as error:
            self.mistakes.append(f"{file}: not JSON: {error}")
            return None
        except SchemaError as error:
            self.mistakes.append(f"{file}: not a JSON Schema: {error.message}")
            return None
        checked = self._checked(file, schema, FORM)
        for name, each in (checked or {}).get("properties", {}).items():
            for wrong in Draft202012Validator(each).iter_errors(each["examples"][0]):
                self.mistakes.append(f"{file}: the example of {name}: {wrong.message}")
        return checked

    def _checked(self, file: Path, data: Any, shape: Mapping[str, Any]) -> Mapping[str, Any] | None:
        wrong = sorted(Draft202012Validator(shape).iter_errors(data), key=lambda error: error.json_path)
        self.mistakes += [f"{file}: {error.json_path}: {error.message[:300]}" for error in wrong]
        return None if wrong else data

    def try_out(self, template: Template) -> None:
        """Fill it with its examples, and with nothing at all: what it names must be there."""
        file = self._places[template.key] / "template.html"
        for sections in (template.examples, {}):
            try:
                made = template.html(sections, marks=BLANK, organ_size=1, qr=None)
            except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
                where = f"line {error.lineno}: " if isinstance(error, TemplateSyntaxError) else ""
                self.mistakes.append(f"{file}: {where}{type(error).__name__}: {error}"[:500])
                return
            if len(made) > TIMES:
                self.mistakes.append(f"{file}: makes more than {TIMES} characters of its examples")


def _sandbox(loader: BaseLoader) -> ImmutableSandboxedEnvironment:
    """Templates are an office's own files: they get values, and no way to anything else. They are read from memory."""
    environment = ImmutableSandboxedEnvironment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        finalize=lambda value: "" if value is None else value,  # what is not written yet leaves its place empty
    )  # fmt: skip
    environment.filters["day"] = day
    return environment


class _Blank:
    number = seal = verify_url = watermark = correction = issued_on = None
    unit_name = ""


BLANK = _Blank()
