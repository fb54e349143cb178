"""Write ``docs/tasks.md``: the prose of ``tasks.md.j2``, and what the registry knows of each task.

``python docs/tasks.py`` writes it; a test tells when that has been forgotten.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
from unieval import describe
from unieval.harness.registry import tasks

FOLDER = Path(__file__).parent


def main() -> None:
    (FOLDER / "tasks.md").write_text(rendered(), encoding="utf-8")


def rendered() -> str:
    """The page."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    known = list(described())
    names = {task["task"] for task in known}
    return found.get_template("tasks.md.j2").render(
        judged=[task for task in known if "for a model" not in task["judges"]],
        asked=[task for task in known if "for a model" in task["judges"]],
        groups={name: members for name, members in tasks.groups().items() if names >= set(members)},
        chapters=chapters(known),
    )


def described() -> Iterator[dict[str, Any]]:
    """Everything about each shipped task, and the text of its module."""
    for name in tasks.names():
        entry = tasks.get(name)
        if entry.origin.startswith("unieval."):
            title, _, about = (inspect.getdoc(inspect.getmodule(entry.factory)) or "").partition(
                "\n"
            )
            yield describe.task(name) | {"title": title.rstrip("."), "about": markdown(about)}


def chapters(known: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Tasks that share a module, below its title."""
    found: dict[str, list[dict[str, Any]]] = {}
    for task in known:
        found.setdefault(task["title"], []).append(task)
    return found


def markdown(text: str) -> str:
    """A docstring's paragraphs as Markdown: single backticks, and a colon before a block."""
    return re.sub(r"::$", ":", text.strip(), flags=re.MULTILINE).replace("``", "`")


if __name__ == "__main__":
    main()
