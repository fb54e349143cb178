"""A comparison as Markdown: a comment on a pull request, a summary of a workflow."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import compare_words as words
from .compare_model import Change, Comparison, Flip, TaskComparison
from .layout import plain

_LONGEST = 500
_MARKS = {"pass": ":white_check_mark:", "fail": ":x:", "inconclusive": ":warning:"}


def markdown(comparison: Comparison) -> str:
    """The comparison: gates first, then differences; other figures and items folded away.

    What data and judges say stands in code, where it can neither format nor notify anybody.
    """
    return "\n".join(_lines(comparison)) + "\n"


def _lines(comparison: Comparison) -> Iterator[str]:
    mark = f"{_MARKS[comparison.outcome]} " if comparison.gates else ""
    yield f"## {mark}{_escaped(words.title(comparison))}"
    yield ""
    yield words.summary(comparison.gates)
    yield ""
    if comparison.gates:
        yield from _gates(comparison)
    gated = {result.gate for result in comparison.gates}
    for task in comparison.tasks:
        yield from _task(task, gated)
    told = [*comparison.differing, *comparison.notes]
    if told:
        yield from _folded("What differs between the runs", [f"- {_code(line)}" for line in told])
    yield words.LEGEND


def _gates(comparison: Comparison) -> Iterator[str]:
    yield _row("", "gate", "rule", "reason")
    yield _row(*["---"] * 4)
    for result in comparison.gates:
        yield _row(
            f"{_MARKS[result.outcome]} {words.WORDS[result.outcome]}",
            _code(result.gate),
            _code(f"{result.rule} {result.limit:g}"),
            _escaped(result.reason),
        )
    yield ""
    if cure := words.cure(comparison.gates):
        yield cure
        yield ""


def _task(task: TaskComparison, gated: set[str]) -> Iterator[str]:
    yield f"### {_escaped(task.task)}"
    yield ""
    changed = f", {task.worse:,} got worse and {task.better:,} better by {task.flips_of}"
    notes = "".join(f"; {note}" for note in task.notes)
    yield f"{task.n:,} items{changed if task.flips_of else ''}{notes}."
    yield ""
    first = [c for c in task.changes if c.headline or c.name in gated] or list(task.changes)
    yield from _table(first)
    rest = [change for change in task.changes if change not in first]
    if rest:
        yield from _folded(f"{len(rest)} more figures", [*_table(rest)])
    for worse in (True, False):
        own = [flip for flip in task.flips if (flip.better < 0) == worse]
        if own:
            all_of = task.worse if worse else task.better
            head = f"Items that got {'worse' if worse else 'better'}: {len(own)} of {all_of:,}"
            yield from _folded(head, [line for flip in own for line in _flip(flip)])


def _table(changes: list[Change]) -> Iterator[str]:
    yield _row(*words.HEADS)
    yield _row(":--", *["--:"] * (len(words.HEADS) - 1))
    for change in changes:
        name = _escaped(" ".join(filter(None, (change.group, change.metric))))
        yield _row(*words.cells(change, name))
    yield ""


def _flip(flip: Flip) -> Iterator[str]:
    label = f", label {_code(flip.label)}" if flip.label else ""
    yield f"**{words.turn(flip)}** {_code(flip.item)}{label}"
    lines = [
        flip.prompt,
        *(f"baseline  {line}" for line in words.outputs(flip.baseline)),
        *(f"candidate {line}" for line in words.outputs(flip.candidate)),
    ]
    text = [_cut(plain(line)) for line in lines]
    fence = "~" * (1 + max(len(run) for run in ["~~~", *re.findall("~+", "".join(text))]))
    yield ""
    yield f"{fence}text"
    yield from text
    yield fence
    yield ""


def _folded(head: str, lines: list[str]) -> Iterator[str]:
    yield f"<details><summary>{head}</summary>"
    yield ""
    yield from lines
    yield ""
    yield "</details>"
    yield ""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    """Text as it is, in a code span that it cannot leave, and that no table takes apart."""
    line = plain(text).replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    return f"{fence} {line} {fence}" if "`" in line else f"`{line}`"


def _escaped(text: str) -> str:
    return re.sub(r"([\\|`*_~<>\[\]@#])", r"\\\1", plain(text))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
