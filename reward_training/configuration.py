"""Reading a training's settings from YAML, and saying what does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import BaseModel, ValidationError

from ..harness.errors import UserError
from .settings import CommonSettings, Settings

S = TypeVar("S", bound=BaseModel)
C = TypeVar("C", bound=CommonSettings)


def load_settings(path: Path) -> Settings:
    """Read the configuration of a reward model's training, see :func:`load`."""
    return load(path, Settings)


def load(path: Path, kind: type[C]) -> C:
    """Read a training's configuration; paths become absolute or relative to the working folder.

    Raises:
        UserError: no such file, no YAML, or a setting that is unknown or does not fit; names it.
    """
    return _resolved(read_settings(path, kind), path.parent)


def read_settings(path: Path, kind: type[S], holds: str = "the sections ") -> S:
    """Read settings of any kind from a YAML file, paths as they stand there.

    Args:
        path: the file.
        kind: what it holds.
        holds: what a message calls the names that stand in it.

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
        raise UserError(f"{path} must hold {holds}{', '.join(kind.model_fields)}")
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise UserError(f"{path}, {_explained(error.errors()[0], kind)}") from None


def _resolved(settings: C, folder: Path) -> C:
    """The settings with every path that is relative to the file's folder resolved."""

    def local(text: str) -> str:
        return str(folder / text) if (folder / text).exists() else text

    data = settings.data
    paths: dict[str, object] = {
        name: folder / value
        for name in ("root", "prompts")
        if (value := getattr(data, name, None)) is not None
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


def _explained(error: Mapping[str, Any], kind: type[BaseModel]) -> str:
    where = ".".join(map(str, error["loc"])) or "the file"
    match error["type"]:
        case "extra_forbidden" | "unexpected_keyword_argument":
            known = _settings_at(error["loc"][:-1], kind)
            near = get_close_matches(str(error["loc"][-1]), known, n=1, cutoff=0.5)
            hint = f"did you mean '{near[0]}'? " if near else ""
            return f"{where}: no such setting; {hint}Known: {', '.join(known)}"
        case "missing":
            return f"{where}: is missing; add it"
        case "value_error":
            return f"{where}: {error['msg'].removeprefix('Value error, ')}"
        case _:
            return f"{where}: {error['msg']} (found {error['input']!r})"


def _settings_at(path: tuple[str | int, ...], section: Any) -> list[str]:
    """Names of the settings at a place: that of the innermost section on the way there."""
    for part in path:
        annotation = _annotations(section).get(str(part))
        section = next(_sections(annotation), section)
    return list(_annotations(section))


def _annotations(section: Any) -> dict[str, Any]:
    if is_dataclass(section):
        hints = get_type_hints(section)
        return {field.name: hints[field.name] for field in fields(section)}
    return {name: field.annotation for name, field in section.model_fields.items()}


def _sections(annotation: Any) -> Iterator[Any]:
    """The sections within an annotation such as ``dict[str, Source] | None``."""
    if is_dataclass(annotation) or (
        isinstance(annotation, type) and issubclass(annotation, BaseModel)
    ):
        yield annotation
    for part in get_args(annotation):
        yield from _sections(part)
