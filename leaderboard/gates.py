"""Gate files: what has to hold of a candidate, checked rule by rule.

::

    defaults: {confidence: 0.95}
    genai-bench-image.diff: {max_drop: 0.02}
    vl-rewardbench.hallucination.accuracy: {max_drop: 0.03, min: 0.55}
    vl-rewardbench: {max_unparsed: 0.01, max_failed: 0}

YAML (JSON is YAML) or TOML. Mappings may be nested: ``vl-rewardbench: {overall: {min: 0.6}}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..harness.errors import UserError

DEFAULTS = "defaults"
FIGURE_RULES = ("max_drop", "min", "max")
"""Rules about one figure."""
COUNT_RULES = ("max_unparsed", "max_failed", "max_flip_rate", "min_n")
"""Rules about a task or group as such, no test needed."""
SETTINGS = ("confidence", "power", "on_inconclusive")


class Rules(BaseModel):
    """The rules of one gate; a rule that is not given does not count.

    Args:
        max_drop: by how much the candidate may be worse than the baseline, in the figure's own
            units (shares: 0.01 is one point).
        min, max: where the candidate's own figure has to lie.
        max_unparsed, max_failed: shares of the candidate's outputs that could not be read, and
            that got no answer.
        max_flip_rate: share of the items whose verdict changes with the order of presentation.
        min_n: how many items the figure has to count.
        confidence: of the one-sided bounds behind ``max_drop``, ``min`` and ``max``; at 0.5 the
            figures themselves are compared.
        power: the chance of a decision for which the number of items is worked out.
        on_inconclusive: what counts when the items do not decide.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    max_drop: float | None = Field(default=None, ge=0, le=2)
    min: float | None = None
    max: float | None = None
    max_unparsed: float | None = Field(default=None, ge=0, le=1)
    max_failed: float | None = Field(default=None, ge=0, le=1)
    max_flip_rate: float | None = Field(default=None, ge=0, le=1)
    min_n: int | None = Field(default=None, ge=1)
    confidence: float = Field(default=0.95, ge=0.5, lt=1)
    power: float = Field(default=0.8, gt=0, lt=1)
    on_inconclusive: Literal["fail", "pass", "inconclusive"] = "inconclusive"

    @model_validator(mode="after")
    def _has_a_rule(self) -> Self:
        if not self.given:
            raise ValueError(f"has no rule; give one of {', '.join(FIGURE_RULES + COUNT_RULES)}")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min ({self.min}) is above max ({self.max})")
        return self

    @property
    def given(self) -> dict[str, float]:
        """The rules with their limits, in the order in which they are reported."""
        each = {name: getattr(self, name) for name in FIGURE_RULES + COUNT_RULES}
        return {name: limit for name, limit in each.items() if limit is not None}


@dataclass(frozen=True)
class Gate:
    """Rules about ``key``: a task, ``task.metric`` or ``task.group.metric``."""

    key: str
    rules: Rules
    file: Path

    def is_about(self, task: str) -> bool:
        """Whether the key begins with the task's name."""
        return self.key == task or self.key.startswith(f"{task}.")


def read_gates(path: Path) -> list[Gate]:
    """Read a gate file.

    Raises:
        UserError: it is missing, cannot be read, or holds a rule that is unknown or does not fit;
            names the place.
    """
    content = _parsed(path)
    if not isinstance(content, dict):
        raise UserError(f"{path} must map names such as genai-bench-image.diff to rules")
    defaults = content.pop(DEFAULTS, {})
    if not isinstance(defaults, dict) or not set(defaults) <= set(SETTINGS):
        raise UserError(f"{path}, {DEFAULTS}: may hold {', '.join(SETTINGS)} alone")
    gates = [
        Gate(key, _checked(path, key, {**defaults, **rules}), path)
        for key, rules in _flat(path, "", content)
    ]
    if not gates:
        raise UserError(f"{path} holds no gate; add one, such as genai-bench-image.diff")
    return gates


def _parsed(path: Path) -> Any:
    import tomllib

    import yaml

    if path.suffix.lower() not in (".yaml", ".yml", ".json", ".toml"):
        raise UserError(f"gate file {path}: its name must end in .yaml, .yml, .json or .toml")
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UserError(f"gate file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"gate file {path} is not UTF-8") from None
    try:
        if path.suffix.lower() == ".toml":
            return tomllib.loads(text)
        return yaml.load(text, Loader=_unique_keys())
    except (tomllib.TOMLDecodeError, yaml.YAMLError) as error:
        raise UserError(f"gate file {path}: {' '.join(str(error).split())}") from None


def _unique_keys() -> type:
    """A YAML loader that refuses a key that stands twice: the first one would be forgotten."""
    import yaml

    class Loader(yaml.SafeLoader):
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            names = [key.value for key, _ in node.value]
            for name in names:
                if names.count(name) > 1:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"'{name}' stands twice", node.start_mark
                    )
            found: dict[Any, Any] = super().construct_mapping(node, deep)
            return found

    return Loader


def _flat(
    path: Path, key: str, content: Mapping[Any, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Gates by their full names: mappings within mappings are joined by dots."""
    own: dict[str, Any] = {}
    for name, value in content.items():
        place = f"{key}.{name}" if key else str(name)
        if isinstance(value, dict) and value:
            yield from _flat(path, place, value)
        elif key:
            own[str(name)] = value
        else:
            raise UserError(f"{path}, {place}: expected rules such as {{max_drop: 0.01}}")
    if own:
        yield key, own


def _checked(path: Path, key: str, rules: Mapping[str, Any]) -> Rules:
    try:
        return Rules.model_validate(rules)
    except ValidationError as error:
        first = error.errors()[0]
    name = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        known = list(Rules.model_fields)
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise UserError(f"{path}, {key}: no rule '{name}'; {hint}Known: {', '.join(known)}")
    said = first["msg"].removeprefix("Value error, ")
    raise UserError(f"{path}, {key}{f', {name}' if name else ''}: {said}")
