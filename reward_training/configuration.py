"""Reading a training's settings from YAML, and saying what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..harness.errors import UserError
from .mixtures import Source
from .settings import (
    DataSettings,
    EvaluationSettings,
    LoraSettings,
    ModelSettings,
    Section,
    Settings,
    TrainingSettings,
)


def load_settings(path: Path) -> Settings:
    """Read a configuration; its paths become absolute or relative to the working folder.

    Raises:
        UserError: no such file, no YAML, or a setting that is unknown or does not fit; names it.
    """
    import yaml

    if not path.is_file():
        raise UserError(f"configuration {path} does not exist")
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no YAML file: {' '.join(str(error).split())}") from None
    if not isinstance(given, dict):
        raise UserError(f"{path} must hold the sections {', '.join(Settings.model_fields)}")
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        raise UserError(f"{path}, {_explained(error.errors()[0])}") from None
    return _resolved(settings, path.parent)


def _resolved(settings: Settings, folder: Path) -> Settings:
    """The settings with every path that is relative to the file's folder resolved."""

    def local(text: str) -> str:
        return str(folder / text) if (folder / text).exists() else text

    data = settings.data
    paths: dict[str, object] = {
        name: folder / value
        for name in ("root", "prompts")
        if (value := getattr(data, name)) is not None
    }
    if data.mixture is None:
        paths.setdefault("root", folder)
    else:
        paths["mixture"] = local(data.mixture)
    tasks = [
        each if each.data in ("hub", "demo") else each.model_copy(update={"data": local(each.data)})
        for each in settings.evaluate
    ]
    return settings.model_copy(
        update={
            "model": settings.model.model_copy(update={"path": local(settings.model.path)}),
            "data": data.model_copy(update=paths),
            "evaluate": tasks,
            "output": folder / settings.output,
        }
    )


def _explained(error: Mapping[str, Any]) -> str:
    where = ".".join(map(str, error["loc"])) or "the file"
    match error["type"]:
        case "extra_forbidden" | "unexpected_keyword_argument":
            known = _fields(error["loc"][:-1])
            near = get_close_matches(str(error["loc"][-1]), known, n=1, cutoff=0.5)
            hint = f"did you mean '{near[0]}'? " if near else ""
            return f"{where}: no such setting; {hint}Known: {', '.join(known)}"
        case "missing":
            return f"{where}: is missing; add it"
        case "value_error":
            return f"{where}: {error['msg'].removeprefix('Value error, ')}"
        case _:
            return f"{where}: {error['msg']} (found {error['input']!r})"


def _fields(path: tuple[str | int, ...]) -> list[str]:
    """The settings of the section at a place."""
    sections: dict[str, type[Section]] = {
        "model": ModelSettings,
        "data": DataSettings,
        "training": TrainingSettings,
        "lora": LoraSettings,
        "evaluate": EvaluationSettings,
    }
    if "sources" in path:
        return [field.name for field in fields(Source)]
    names = [part for part in path if part in sections]
    return list((sections[str(names[-1])] if names else Settings).model_fields)
