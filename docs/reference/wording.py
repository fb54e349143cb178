"""Types and values of settings and options in the words of those who type them."""

from __future__ import annotations

import types
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

_WORDS = {str: "text", Path: "path", bool: "true | false", int: "whole number", float: "number"}


def type_words(annotation: Any) -> str:
    """A type: its words, or the values that it allows; None is left out."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__value__"):
        return type_words(annotation.__value__)
    if origin is Literal:
        return " | ".join(f"`{part}`" for part in parts)
    if origin in (Union, types.UnionType):
        return " | ".join(type_words(part) for part in parts if part is not type(None))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"map of {type_words(parts[1])}"
    if isinstance(origin, type) and issubclass(origin, list | tuple):
        return f"list of {type_words(parts[0])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " | ".join(f"`{each.value}`" for each in annotation)
    return _WORDS.get(annotation, getattr(annotation, "__name__", "any").lower())


def value_words(value: object) -> str:
    """A default, in backticks; nothing where there is none to speak of."""
    if value is None or value in ((), [], {}, ""):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list | tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{getattr(value, 'value', value)}`"


def table_row(*cells: str) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
