"""The page of all commands with their arguments and options, from the command line itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, get_args, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo, ParameterInfo
from unieval.cli import app
from wording import table_row, type_words, value_words

_HEAD = """# Commands

Made from the program itself; `unieval COMMAND --help` says the same. How a command ends is in
[exit codes](exit-codes.md).
"""


class Parameter(NamedTuple):
    """An argument or option: its name in Python, its type, its default, what typer knows of it."""

    name: str
    annotation: Any
    default: object
    info: ParameterInfo


def page() -> str:
    """The page as Markdown."""
    return "\n".join([_HEAD, *_chapters(app, "unieval")])


def _chapters(group: typer.Typer, name: str) -> Iterator[str]:
    """A chapter for each command, then those of its groups."""
    for command in group.registered_commands:
        assert command.callback is not None
        word = command.name or command.callback.__name__.replace("_", "-")
        yield _chapter(f"{name} {word}", command.callback)
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from _chapters(inner.typer_instance, f"{name} {inner.typer_instance.info.name}")


def _chapter(name: str, command: Callable[..., Any]) -> str:
    parameters = list(_parameters(command))
    usage = [_usage(each) for each in parameters if isinstance(each.info, ArgumentInfo)]
    return "\n".join(
        [
            f"## {name}\n\n{inspect.getdoc(command)}\n",
            f"```text\n{' '.join([name, *usage, '[OPTIONS]'])}\n```\n",
            "| | takes | default | |\n| --- | --- | --- | --- |",
            *map(_row, parameters),
            "",
        ]
    )


def _parameters(command: Callable[..., Any]) -> Iterator[Parameter]:
    hints = get_type_hints(command, include_extras=True)
    for name, each in inspect.signature(command).parameters.items():
        annotation, info = get_args(hints[name])
        yield Parameter(name, annotation, each.default, info)


def _usage(argument: Parameter) -> str:
    word = argument.name.upper()
    if type_words(argument.annotation).startswith("list"):
        word += "..."
    return word if argument.default is inspect.Parameter.empty else f"[{word}]"


def _row(parameter: Parameter) -> str:
    takes = type_words(parameter.annotation).removeprefix("list of ")
    repeats = takes != type_words(parameter.annotation)
    info = parameter.info
    flag = takes == type_words(bool)
    return table_row(
        f"`{_called(parameter)}`",
        "" if flag else f"`{info.metavar}`" if info.metavar else takes + _least(info),
        "required"
        if parameter.default is inspect.Parameter.empty
        else ""
        if flag and not parameter.default
        else value_words(parameter.default),
        re.sub(r"(?<!\.)\.$", "", info.help or "") + (" (repeatable)" if repeats else ""),
    )


def _called(parameter: Parameter) -> str:
    if not isinstance(parameter.info, OptionInfo):
        return parameter.name.upper()
    given = parameter.info.default  # where typer keeps a name that an annotation gives
    if isinstance(given, str) and given.startswith("--"):
        return given
    name = f"--{parameter.name.replace('_', '-')}"
    return f"{name}, --no{name[1:]}" if parameter.default is True else name


def _least(info: ParameterInfo) -> str:
    return "" if info.min is None else f", ≥ {info.min:g}"
