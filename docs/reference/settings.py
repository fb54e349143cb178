"""The page of all settings of YAML files, from the models that check them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, NamedTuple, get_args, get_type_hints

from griffe import Docstring, DocstringSectionParameters
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from unieval.dpo.build_settings import BuildSettings
from unieval.dpo.diffusion.settings import Settings as DiffusionSettings
from unieval.dpo.reproduction.settings import Preset
from unieval.dpo.understanding.settings import Settings as AligningSettings
from unieval.dpo.world.answer_settings import AnswerSettings
from unieval.dpo.world.film_settings import FilmSettings
from unieval.dpo.world.image_settings import ImageSettings
from unieval.leaderboard.gates import Rules
from unieval.leaderboard.selection import Selection
from unieval.reward_training.mixtures import Mixture
from unieval.reward_training.settings import Settings as TrainingSettings
from wording import table_row, type_words, value_words

FILES: dict[str, tuple[str, type]] = {
    "unieval train-reward": ("[Train a reward model](../training.md)", TrainingSettings),
    "A mixture of preference data": ("[Train a reward model](../training.md)", Mixture),
    "unieval build-preferences": ("[Build preferences](../preference-building.md)", BuildSettings),
    "unieval dpo understanding": ("[Align a model](../dpo.md)", AligningSettings),
    "unieval dpo image and video": ("[Align a model](../dpo.md)", DiffusionSettings),
    "unieval compare --gate: the rules of one gate": ("[Gates](../gates.md)", Rules),
    "unieval leaderboard --select": ("[Leaderboards](../leaderboard.md)", Selection),
    "unieval reproduce --preset": ("[The paper's pipeline](../reproduce.md)", Preset),
    "unieval shapes-model image": ("[The shapes world](../shapes-world.md)", ImageSettings),
    "unieval shapes-model video": ("[The shapes world](../shapes-world.md)", FilmSettings),
    "unieval shapes-model understanding": (
        "[The shapes world](../shapes-world.md)",
        AnswerSettings,
    ),
}
_HEAD = """# Settings files

Made from the models that check these files. Any other setting is refused by its name, and so is a
value of the wrong type or range. `a.b` is setting `b` in section `a`; `*` stands for a name that
you choose, `[]` for each entry of a list.
"""
_RANGES = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


class Setting(NamedTuple):
    """One setting: its annotation, its default if it has one, and what bounds its values."""

    name: str
    annotation: Any
    default: object
    bounds: tuple[Any, ...] = ()


def page() -> str:
    """The page as Markdown."""
    chapters = (_chapter(title, *what) for title, what in FILES.items())
    return "\n".join([_HEAD, *chapters])


def _chapter(title: str, guide: str, model: type) -> str:
    head = f"## {title}\n\n{guide} explains and shows such a file.\n"
    table = "| setting | type | default | |\n| --- | --- | --- | --- |"
    return "\n".join([head, table, *_lines(model, ""), ""])


def _lines(section: type, above: str) -> Iterator[str]:
    """A row a setting, those of inner sections below their own."""
    said = _descriptions(section)
    for setting in _settings(section):
        name = above + setting.name
        inner = next(_sections(setting.annotation), None)
        yield table_row(
            f"`{name}`",
            "section" if inner else type_words(setting.annotation) + _range(setting),
            _default(setting.default),
            said.get(setting.name) or (_summary(inner) if inner else ""),
        )
        if inner:
            yield from _lines(inner, name + _step(setting.annotation))


def _settings(section: type) -> Iterator[Setting]:
    if issubclass(section, BaseModel):
        for name, info in section.model_fields.items():
            default = info.get_default(call_default_factory=True)
            yield Setting(name, info.annotation, default, tuple(info.metadata))
        return
    hints = get_type_hints(section)
    for field in fields(section):  # type: ignore[arg-type]
        made = PydanticUndefined if field.default_factory is MISSING else field.default_factory()
        default = made if field.default is MISSING else field.default
        yield Setting(field.name, hints[field.name], default)


def _sections(annotation: Any) -> Iterator[type]:
    """The sections within an annotation such as ``dict[str, Source] | None``."""
    if isinstance(annotation, type) and not get_args(annotation):
        if is_dataclass(annotation) or issubclass(annotation, BaseModel):
            yield annotation
        return
    for part in get_args(annotation):
        yield from _sections(part)


def _step(annotation: Any) -> str:
    """What stands between the name of a section and those of its settings."""
    written = type_words(annotation)
    if "map" in written:
        return ".*."
    return "[]." if "list" in written else "."


def _range(setting: Setting) -> str:
    limits = [
        f"{sign} {getattr(bound, name)}"
        for bound in setting.bounds
        for name, sign in _RANGES.items()
        if getattr(bound, name, None) is not None
    ]
    return f", {' and '.join(limits)}" if limits else ""


def _default(value: object) -> str:
    if value is PydanticUndefined:
        return "required"
    return "" if is_dataclass(value) or isinstance(value, BaseModel) else value_words(value)


def _descriptions(section: type) -> dict[str, str]:
    """What the docstrings of a section and of those it builds on say of each setting."""
    found: dict[str, str] = {}
    for each in reversed(section.__mro__):
        text = Docstring(inspect.cleandoc(each.__dict__.get("__doc__") or ""))
        for part in text.parse("google", warnings=False):
            if isinstance(part, DocstringSectionParameters):
                for parameter in part.value:
                    names = parameter.name.split(", ")
                    said = " ".join(parameter.description.split()).removesuffix(".")
                    found |= dict.fromkeys(names, said.split(". ")[0] if names[1:] else said)
    return found


def _summary(section: type) -> str:
    return (inspect.getdoc(section) or "").split("\n\n")[0].replace("\n", " ").removesuffix(".")
