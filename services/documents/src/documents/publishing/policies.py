"""The policy of publishing as data: reads the shipped file, or the office's own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from documents.publishing.domain import Policy, Step, Topic

SHIPPED = Path(__file__).parent / "policy.yaml"
Text = Annotated[str, Field(min_length=1, max_length=80)]
Name = Annotated[str, Field(pattern=r"^[a-z]{2,20}(-[a-z]{2,20}){0,3}$")]


class _StepIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name
    zh: Text
    en: Text
    roles: frozenset[Literal["clerk", "handler", "leader", "supervisor"]] = Field(min_length=1)
    of: Literal["unit", "region"]


class _TopicIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name
    zh: Text
    en: Text
    words: tuple[Annotated[str, Field(min_length=2, max_length=40)], ...] = Field(min_length=1, max_length=200)


class _PolicyIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    steps: tuple[_StepIn, ...]
    more: tuple[_StepIn, ...]
    topics: tuple[_TopicIn, ...] = Field(max_length=100)


def read_policy(own: Path | None = None) -> Policy:
    """Raises OSError, ValueError (with the file and what is wrong in it)."""
    file = own or SHIPPED
    try:
        given = _PolicyIn.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
        topics = tuple(Topic(each.name, each.zh, each.en, each.words) for each in given.topics)
        return Policy(_steps(given.steps), _steps(given.more), topics)
    except (ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{file}: {error}") from error


def _steps(given: tuple[_StepIn, ...]) -> tuple[Step, ...]:
    return tuple(Step(each.name, each.zh, each.en, frozenset(each.roles), each.of == "unit") for each in given)


def labels_of(policy: Policy) -> Mapping[str, tuple[str, str]]:
    """Names of steps and topics in words: (zh, en)."""
    steps = {each.name: (each.zh, each.en) for each in (*policy.steps, *policy.more)}
    return steps | {each.name: (each.zh, each.en) for each in policy.topics}
