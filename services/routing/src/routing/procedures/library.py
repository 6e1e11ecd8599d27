"""Procedures as data: reads `<name>.v<version>.yaml`, refuses what is wrong with file, line and reason, and chooses."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Self

from kit.errors import Refused
from kit.lined import Mistake, Source, read
from routing.domain import ALWAYS
from routing.procedures import rules as definition_rules
from routing.procedures.domain import ActionRule, ClockRule, Procedure, unknown
from routing.procedures.forms import FieldError, check_form
from routing.procedures.rules import CHANNELS, ROUTED_KINDS, ROUTES
from routing.procedures.source import BadDefinition, based_on

__all__ = ["SHIPPED", "BadDefinition", "FieldError", "Library", "Mistake", "check_files", "check_form"]

SHIPPED = Path(__file__).parent / "definitions"
# release -> key -> SHA-256, for ever; `python -m routing.procedures release` adds to it
RELEASED: Mapping[str, Mapping[str, str]] = json.loads((SHIPPED / "released.json").read_text(encoding="utf-8"))
EVERYWHERE = frozenset(RELEASED["1.0"])  # no node is older: these need not be sent
KINDS = ("suggestion", "accusation", "appeal")  # Art 29 to 31
# Art 31(6) is for what none of (1) to (5) fits: an appeal that nobody has screened yet is begun as one of those
RESIDUAL_ROUTE = 6
_SETS = ("starts", "stops", "pauses", "resumes", "extends", "stages", "states", "outcomes", "right")


@dataclass(frozen=True)
class Library:
    """The procedures of a node by key ("ordinary-petition/1"): all versions, for the cases that began with them.

    own: names of those that the office wrote itself; among defaults, theirs comes first.
    """

    procedures: dict[str, Procedure]
    own: frozenset[str] = frozenset()

    @classmethod
    def read(cls, *directories: Path) -> Self:
        """All definitions of the directories; a base may stand in an earlier one. Raises BadDefinition."""
        return cls._of([file for directory in directories for file in sorted(directory.glob("*.yaml"))])

    @classmethod
    def of_node(cls, node: str, own: Path | None) -> Self:
        """The shipped ones and those of the office's directory. Raises BadDefinition."""
        if own is None:
            return cls(dict(cls.shipped().procedures))
        if not own.is_dir():
            raise BadDefinition([Mistake(str(own), 0, "there is no such directory")])
        return cls._of([*sorted(SHIPPED.glob("*.yaml")), *sorted(own.glob("*.yaml"))], node)

    @classmethod
    def shipped(cls) -> "Library":
        """The procedures that come with the suite."""
        return _shipped()

    @classmethod
    def _of(cls, files: Sequence[Path], node: str | None = None) -> Self:
        """node: whose office wrote those of the files that are not shipped."""
        sources = _checked(files)
        written = [source for source in sources if node and source.file.parent != SHIPPED]
        for source in written:
            _check_own(source, str(node))
        mistakes = [mistake for source in sources for mistake in source.mistakes]
        if mistakes:
            raise BadDefinition(mistakes)
        followed = {source.file: _procedure(source.data) for source in sources if not source.named("template")}
        own = frozenset(str(source.named("name")) for source in written)
        library = cls({procedure.key: procedure for procedure in followed.values()}, own)
        _check_defaults(library, {_key(source): source for source in sources})
        return library

    def get(self, key: str) -> Procedure:
        """The version a case began with. Raises Refused("procedure-unknown-here")."""
        if key not in self.procedures:
            raise Refused("procedure-unknown-here", procedure=key)
        return self.procedures[key]

    def seen(self, key: str) -> Procedure:
        """The same for who only looks: what is not known here can do nothing."""
        return self.procedures.get(key) or unknown(key)

    def learn(self, key: str, text: str) -> None:
        """Add one that another node, or another release, has written: the text of a Procedure. Raises BadDefinition."""
        self.procedures[key] = _learned(key, text)

    def letter(self, key: str) -> str | None:
        """What a letter brings with a case, so that an older node understands it; None where every node does."""
        known = self.procedures.get(key)
        return None if known is None or key in EVERYWHERE else known.text

    def choose(self, kind: str, route: int | None, name: str | None = None, *, channel: str | None = None) -> Procedure:
        """The newest version of the named procedure, else the default one for the channel it came by, else that for all
        others. Raises Refused("unknown-procedure").
        """
        fit = self.choices(kind, route, channel)
        found = [each for each in fit if (each.name == name if name else each.begins(channel))]
        if not found:
            raise Refused("unknown-procedure", kind=kind, route=route, procedure=name)
        return found[0]

    def choices(self, kind: str, route: int | None, channel: str | None = None) -> tuple[Procedure, ...]:
        """The newest version of each procedure that such a petition can be given, the default one first."""
        if kind in ROUTED_KINDS and route is None:
            route = RESIDUAL_ROUTE
        fit = [
            each for each in self.newest() if kind in each.kinds and (kind not in ROUTED_KINDS or route in each.routes)
        ]
        return tuple(sorted(fit, key=lambda each: (_rank(self, each, channel), each.name)))

    def automatic(self, kind: str, route: int | None) -> dict[str, list[str]]:
        """By name of a procedure, the channels by which such a petition must come to be given it when nobody says
        otherwise.
        """
        found: dict[str, list[str]] = {}
        for channel in CHANNELS:
            found.setdefault(self.choose(kind, route, channel=channel).name, []).append(channel)
        return found

    def newest(self) -> tuple[Procedure, ...]:
        """The newest version of each procedure: what new cases are given."""
        by_name: dict[str, Procedure] = {}
        for each in sorted(self.procedures.values(), key=lambda each: each.version):
            by_name[each.name] = each
        return tuple(by_name[name] for name in sorted(by_name))


def _rank(library: Library, procedure: Procedure, channel: str | None) -> tuple[bool, bool, bool]:
    """The default for a channel comes before that for all others, this before what must be chosen; an office's own
    before a shipped one.
    """
    begins = procedure.begins(channel)
    return not begins, not (begins and procedure.channels), procedure.name not in library.own


@cache
def _shipped() -> Library:
    return Library.read(SHIPPED)


def check_files(files: Iterable[Path], node: str | None = None) -> list[Mistake]:
    """All that would keep a node from starting with these files beside the shipped ones. node: where they are meant
    for: the names of an office's own end with it.
    """
    chosen = [file.resolve() for file in files]
    beside = [file for file in sorted(SHIPPED.glob("*.yaml")) if file.resolve() not in chosen]
    try:
        Library._of([*beside, *chosen], node)  # noqa: SLF001 - its own module
    except BadDefinition as bad:
        return list(bad.mistakes)
    return []


def _checked(files: Sequence[Path]) -> list[Source]:
    """Every file, filled in from its base and with its mistakes noted."""
    read_ = [read(file, "definitions") for file in files]
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


def _check_own(source: Source, node: str) -> None:
    """No two offices, and no later release of the suite, may give one name to different procedures."""
    ending = f"-{node.replace('.', '')}"
    if not str(source.named("name")).endswith(ending):
        source.refuse(("name",), f"the name of a procedure that an office wrote ends with its region: {ending}")


def _check_defaults(library: Library, sources: Mapping[str, Source]) -> None:
    """Exactly one default for whatever can be registered, by whatever channel it comes."""
    mistakes: list[Mistake] = []
    routes = [(kind, route) for kind in KINDS for route in (ROUTES if kind in ROUTED_KINDS else (None,))]
    for (kind, route), channel in product(routes, (None, *CHANNELS)):
        what = f"{kind} of route 31({route})" if route else kind
        begin = [each for each in library.choices(kind, route, channel) if each.begins(channel)]
        defaults = [each for each in begin if _rank(library, each, channel) == _rank(library, begin[0], channel)]
        if defaults and defaults[0].channels:
            what = f"{what} that came by {channel}"
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
        channels=frozenset(data.get("channels", ())),
        states=frozenset(data["states"]),
        text=json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
    )  # fmt: skip


def _learned(key: str, text: str) -> Procedure:
    try:
        source = Source(Path(key), json.loads(text))
    except ValueError:
        raise BadDefinition([Mistake(key, 0, "not JSON")]) from None
    if isinstance(source.data, dict):
        definition_rules.check(source)
    if _key(source) != key:
        source.refuse((), f"this is the definition of {_key(source)[:80]!r}")
    if source.mistakes:
        raise BadDefinition(source.mistakes)
    return _procedure(source.data)


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
