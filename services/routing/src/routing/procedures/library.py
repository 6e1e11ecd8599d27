"""Procedures as data: reads `<name>.v<version>.yaml`, refuses what is wrong with file, line and reason, and chooses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

from kit.errors import Refused
from routing.domain import ALWAYS
from routing.procedures import rules as definition_rules
from routing.procedures.domain import ActionRule, ClockRule, Procedure
from routing.procedures.forms import FieldError, check_form
from routing.procedures.rules import ROUTED_KINDS, ROUTES
from routing.procedures.source import BadDefinition, Mistake, Source, based_on, read

__all__ = ["SHIPPED", "BadDefinition", "FieldError", "Library", "Mistake", "check_files", "check_form"]

SHIPPED = Path(__file__).parent / "definitions"
KINDS = ("suggestion", "accusation", "appeal")  # Art 29 to 31
# Art 31(6) is for what none of (1) to (5) fits: an appeal that nobody has screened yet is begun as one of those
RESIDUAL_ROUTE = 6
_SETS = ("starts", "stops", "pauses", "resumes", "extends", "stages", "right")


@dataclass(frozen=True)
class Library:
    """The procedures of a node by key ("ordinary-petition/1"): all versions, for the cases that began with them."""

    procedures: Mapping[str, Procedure]

    @classmethod
    def read(cls, *directories: Path) -> Self:
        """All definitions of the directories; a base may stand in an earlier one. Raises BadDefinition."""
        return cls._of([file for directory in directories for file in sorted(directory.glob("*.yaml"))])

    @classmethod
    def shipped(cls) -> "Library":
        """The procedures that come with the suite."""
        return _shipped()

    @classmethod
    def _of(cls, files: Sequence[Path]) -> Self:
        sources = _checked(files)
        mistakes = [mistake for source in sources for mistake in source.mistakes]
        if mistakes:
            raise BadDefinition(mistakes)
        followed = {source.file: _procedure(source.data) for source in sources if not source.named("template")}
        library = cls({procedure.key: procedure for procedure in followed.values()})
        _check_defaults(library, {_key(source): source for source in sources})
        return library

    def get(self, key: str) -> Procedure:
        """The version a case began with. Raises Refused("unknown-procedure")."""
        if key not in self.procedures:
            raise Refused("unknown-procedure", procedure=key)
        return self.procedures[key]

    def choose(self, kind: str, route: int | None, name: str | None = None) -> Procedure:
        """The newest version of the named procedure, else the default one. Raises Refused("unknown-procedure")."""
        found = [each for each in self.choices(kind, route) if (each.name == name if name else each.default)]
        if not found:
            raise Refused("unknown-procedure", kind=kind, route=route, procedure=name)
        return found[0]

    def choices(self, kind: str, route: int | None) -> tuple[Procedure, ...]:
        """The newest version of each procedure that such a petition can be given, the default one first."""
        if kind in ROUTED_KINDS and route is None:
            route = RESIDUAL_ROUTE
        fit = [
            each for each in self.newest() if kind in each.kinds and (kind not in ROUTED_KINDS or route in each.routes)
        ]
        return tuple(sorted(fit, key=lambda each: (not each.default, each.name)))

    def newest(self) -> tuple[Procedure, ...]:
        """The newest version of each procedure: what new cases are given."""
        by_name: dict[str, Procedure] = {}
        for each in sorted(self.procedures.values(), key=lambda each: each.version):
            by_name[each.name] = each
        return tuple(by_name[name] for name in sorted(by_name))


@cache
def _shipped() -> Library:
    return Library.read(SHIPPED)


def check_files(files: Iterable[Path]) -> list[Mistake]:
    """All that would keep a node from starting with these files beside the shipped ones."""
    chosen = [file.resolve() for file in files]
    beside = [file for file in sorted(SHIPPED.glob("*.yaml")) if file.resolve() not in chosen]
    try:
        Library._of([*beside, *chosen])  # noqa: SLF001 - its own module
    except BadDefinition as bad:
        return list(bad.mistakes)
    return []


def _checked(files: Sequence[Path]) -> list[Source]:
    """Every file, filled in from its base and with its mistakes noted."""
    read_ = [read(file) for file in files]
    bases = {_key(source): source for source in read_ if source.named("template")}
    checked: dict[str, Source] = {}
    for source in read_:
        whole = _filled(source, bases)
        if isinstance(whole.data, dict):
            definition_rules.check(whole)
            _check_name(whole, checked)
        elif not whole.mistakes:
            whole.refuse((), "a definition is a mapping")
        checked.setdefault(f"{_key(source)} {source.file}", whole)
    return list(checked.values())


def _key(source: Source) -> str:
    return f"{source.named('name')}/{source.named('version')}"


def _filled(source: Source, bases: Mapping[str, Source]) -> Source:
    wanted = source.named("based_on")
    if source.named("template"):
        return source
    if wanted is not None and str(wanted) not in bases:
        source.refuse(("based_on",), f"there is no template {wanted!r}")
    return based_on(source, bases.get(str(wanted), Source(source.file)), ALWAYS)


def _check_name(source: Source, before: Mapping[str, Source]) -> None:
    key, file = _key(source), source.file
    if file.name != f"{source.named('name')}.v{source.named('version')}.yaml":
        source.refuse(("name",), f"{key} belongs in a file {source.named('name')}.v{source.named('version')}.yaml")
    twin = next((each for each in before.values() if _key(each) == key), None)
    if twin is not None:
        source.refuse(("name",), f"{key} is defined in {twin.file} already")


def _check_defaults(library: Library, sources: Mapping[str, Source]) -> None:
    """Exactly one default for whatever can be registered."""
    mistakes: list[Mistake] = []
    for kind in KINDS:
        for route in ROUTES if kind in ROUTED_KINDS else (None,):
            what = f"{kind} of route 31({route})" if route else kind
            defaults = [each for each in library.choices(kind, route) if each.default]
            for each in defaults if len(defaults) > 1 else ():
                others = ", ".join(other.key for other in defaults if other is not each)
                sources[each.key].refuse(("default",), f"{others} is the default for {what} too")
            if not defaults:
                place = next(iter(sources.values())).file.parent if sources else SHIPPED
                mistakes.append(Mistake(str(place), 0, f"no procedure is the default for {what}"))
    mistakes += [mistake for source in sources.values() for mistake in source.mistakes]
    if mistakes:
        raise BadDefinition(mistakes)


def _procedure(data: Mapping[str, Any]) -> Procedure:
    return Procedure(
        name=data["name"], version=data["version"], zh=data["zh"], en=data["en"],
        kinds=frozenset(data["kinds"]), routes=frozenset(data.get("routes", ())),
        actions={name: _action(rule) for name, rule in data["actions"].items()},
        clocks=tuple(_clock(name, rule) for name, rule in data["clocks"].items()),
        approval=tuple(data.get("approval", ("leader",))), default=data.get("default", False),
        settings=data.get("settings", {}), states=frozenset(data["states"]),
    )  # fmt: skip


def _action(rule: Mapping[str, Any]) -> ActionRule:
    roles = rule.get("roles")
    return ActionRule(
        roles=None if roles is None else frozenset(roles), papers=tuple(rule.get("papers", ())),
        form=rule.get("form"), note=rule.get("note") == "required",
    )  # fmt: skip


def _clock(name: str, rule: Mapping[str, Any]) -> ClockRule:
    given: dict[str, Any] = {key: frozenset(value) if key in _SETS else value for key, value in rule.items()}
    given.setdefault("unit", "day")
    given.setdefault("stops", frozenset())
    return ClockRule(name=name, **given)
