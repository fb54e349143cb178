"""The items that a run judged, read again from its data, so that their media can be shown.

Records name media but do not hold them. The manifest says which data were read; a path's folder is
known from the recorded command alone, so it can be given anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from ...harness.demo import demo_data
from ...harness.errors import UserError
from ...harness.items import Item
from ...harness.registry import tasks
from ...harness.task import Data, Task
from .itemsets import ItemSet, JudgedRun


def items_again(
    judged: JudgedRun, items: ItemSet, given: Mapping[str, Path]
) -> Iterator[tuple[int, Item]]:
    """(position, item) of every item of the task's data, in order, with media.

    Args:
        judged: one of the runs that judged them.
        items: which task.
        given: data folders by task name; that of ``""`` is for all others.

    Raises:
        UserError: the data are not here; says what to give.
    """
    identity = judged.manifest["identity"]
    own = identity["tasks"][items.task]
    task: Task = tasks.get(items.task).create(own["arguments"])
    path = given.get(items.task, given.get(""))
    if path is not None:
        return enumerate(task.items(Data(path, path.name, media=True)))
    name = str(own["data"]["name"])
    if name == "demo":
        return enumerate(task.items(Data(demo_data(task, identity["seed"]), name, media=True)))
    if name.startswith("hub:"):
        return enumerate(task.items(Data(None, name, media=True)))
    path = recorded_path(judged.manifest.get("command", ()), name)
    return enumerate(task.items(Data(path, path.name, media=True)))


def recorded_path(command: Sequence[str], name: str) -> Path:
    """The data's path in a recorded command, as seen from the folder we are in.

    Raises:
        UserError: the command names none, or nothing is there.
    """
    words = [part for word in command for part in word.split("=", 1)] if command else []
    after = [word for before, word in pairwise(words) if before == "--data"]
    if after and Path(after[-1]).name == name and Path(after[-1]).exists():
        return Path(after[-1])
    raise UserError(f"the data '{name}' were not found from here; give --data PATH")
