"""Names to factories: the shipped tasks, judges and models, entry points of others, and files.

A factory is a class or function decorated with ``@task(NAME)``, ``@judge(NAME)`` or
``@model(NAME)``. Its parameters are the plugin's parameters: they are what ``--task-arg``,
``--judge-arg`` and ``--model-arg`` may set, they are checked against their annotations, and they
are recorded in the run's manifest.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Generic, TypeVar

from .errors import UserError, not_found
from .judge import AnyJudge
from .model import Model
from .task import Task

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Entry(Generic[T]):
    """One registered factory, with what is known about it without building anything."""

    name: str
    factory: Callable[..., T]
    group: str | None
    origin: str

    @property
    def summary(self) -> str:
        """First line of the factory's docstring."""
        return (inspect.getdoc(self.factory) or "").partition("\n")[0]

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The factory's named parameters."""
        return inspect.signature(self.factory).parameters

    def create(self, arguments: Mapping[str, object]) -> T:
        """Build the plugin; strings are read as the parameter's annotated type.

        Raises:
            UserError: an argument is unknown, missing or of the wrong type.
        """
        known = self.parameters
        for key in arguments:
            if key not in known:
                raise UserError(
                    f"{self.name} has no argument '{key}'. It takes: {', '.join(known) or 'none'}"
                )
        for key, parameter in known.items():
            if parameter.default is parameter.empty and key not in arguments:
                raise UserError(f"{self.name} needs the argument {key}=...")
        return self.factory(**{k: self._typed(k, v) for k, v in arguments.items()})

    @property
    def _hints(self) -> Mapping[str, Any]:
        """The parameters' types; a dataclass's are its fields', those of its parents included,
        each written in the names of the module where it stands."""
        plain = inspect.isclass(self.factory) and not is_dataclass(self.factory)
        return typing.get_type_hints(self.factory.__init__ if plain else self.factory)

    def _typed(self, key: str, value: object) -> object:
        from pydantic import TypeAdapter, ValidationError

        try:
            return TypeAdapter(self._hints.get(key, str)).validate_python(value)
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise UserError(f"{self.name} argument {key}={value!r}: {reason}") from None


class Registry(Generic[T]):
    """All plugins of one kind, found on first use.

    ``package`` is the shipped folder whose import registers the built-in ones; ``plugins`` is the
    entry-point group in which other distributions announce theirs.
    """

    def __init__(self, kind: str, *, package: str, plugins: str) -> None:
        self.kind = kind
        self._package = package
        self._plugins = plugins
        self._entries: dict[str, Entry[T]] = {}
        self._broken: dict[str, str] = {}
        self._loaded = False

    def register(self, name: str, *, group: str | None = None) -> Callable[[F], F]:
        """Decorator that adds a factory under ``name`` (and to a named group of tasks)."""

        def add(factory: F) -> F:
            origin = f"{factory.__module__}.{factory.__qualname__}"
            other = self._entries.get(name)
            if other is not None and other.origin != origin:
                raise UserError(
                    f"{self.kind} '{name}' is defined twice: by {other.origin} and by {origin}"
                )
            self._entries[name] = Entry(name, factory, group, origin)
            return factory

        return add

    def names(self) -> list[str]:
        """Every registered name, sorted."""
        self._load()
        return sorted(self._entries)

    def groups(self) -> dict[str, list[str]]:
        """Group name to its members, in order of registration."""
        self._load()
        found: dict[str, list[str]] = {}
        for entry in self._entries.values():
            if entry.group:
                found.setdefault(entry.group, []).append(entry.name)
        return found

    def get(self, name: str) -> Entry[T]:
        """The entry of one name.

        Raises:
            UserError: no such name (with a suggestion), or its plugin could not be imported.
        """
        self._load()
        if name in self._entries:
            return self._entries[name]
        if name in self._broken:
            raise UserError(f"{self.kind} '{name}' could not be loaded: {self._broken[name]}")
        raise not_found(self.kind, name, [*self._entries, *self.groups()])

    def resolve(self, names: list[str]) -> list[Entry[T]]:
        """Entries for names and group names, each once, in the order asked."""
        groups = self.groups()
        flat = [member for name in names for member in groups.get(name, [name])]
        return [self.get(name) for name in dict.fromkeys(flat)]

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        importlib.import_module(f"..{self._package}", __package__)
        for point in entry_points(group=self._plugins):
            try:
                factory = point.load()
            except Exception as error:
                self._broken[point.name] = f"{type(error).__name__}: {error} (in {point.value})"
                continue
            if point.name not in self._entries:
                self.register(point.name)(factory)


tasks: Registry[Task] = Registry("task", package="tasks", plugins="unieval.tasks")
judges: Registry[AnyJudge] = Registry("judge", package="judges", plugins="unieval.judges")
models: Registry[Model] = Registry("model", package="judges.models", plugins="unieval.models")
task = tasks.register
judge = judges.register
model = models.register


_PLUGINS: list[Path] = []


def loaded_plugins() -> tuple[Path, ...]:
    """The plugin files that were run in this process."""
    return tuple(_PLUGINS)


def load_plugin(path: Path) -> None:
    """Run one Python file, whose decorators register its tasks, judges and models.

    Raises:
        UserError: the file is missing or fails; the message names the line.
    """
    if not path.is_file():
        raise UserError(f"plugin file {path} does not exist")
    name = f"unieval_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"plugin {path} is not a Python file (its name must end in .py)")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"plugin {path}, line {_line_in(error, path)}: {type(error).__name__}: {error}"
        ) from error
    if path.resolve() not in _PLUGINS:
        _PLUGINS.append(path.resolve())


def _line_in(error: Exception, path: Path) -> int:
    if isinstance(error, SyntaxError):
        return error.lineno or 0
    lines = [
        frame.lineno
        for frame in inspect.getinnerframes(error.__traceback__)  # type: ignore[arg-type]
        if frame.filename == str(path)
    ]
    return lines[-1] if lines else 0
