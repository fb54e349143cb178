"""GenEval: are the objects of a prompt in the image, as many, so coloured, and there?

Ghosh, Hajishirzi and Schmidt 2023, arXiv 2310.11513; https://github.com/djghosh13/geneval (commit
af4902f): 553 prompts, four images each (``--votes 4``). One item, a line of
``evaluation_metadata.jsonl``::

    {"tag": "counting", "include": [{"class": "clock", "count": 2}],
     "exclude": [{"class": "clock", "count": 3}], "prompt": "a photo of two clocks"}

``overall`` is the unweighted mean of the six tasks' shares of right images (the groups);
``images`` is the share of all images, ``prompts_any`` the share of prompts with one that is right.
An image that the model failed to make is wrong; one that could not be measured is left out and
bounded.

The authors find objects with Mask2Former in mmdet, and colours with CLIP in the masked object.
That program is not here. Its ``results.jsonl`` is read (``--model geneval-results --judge
as-recorded``). ``--judge object-detector`` is an **adapted** version: an open-vocabulary detector
of transformers finds the objects, CLIP tells the colour of the whole box; the rules are the
authors'. Its figures compare with each other alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..harness.errors import UserError
from ..harness.grades import Grades
from ..harness.items import Kind, Modality, Objective, PromptItem
from ..harness.judgements import Bools
from ..harness.metrics import Measure
from ..harness.registry import task
from ..harness.statistics import Figure
from ..harness.tables import Row
from ..harness.task import Data
from .asking import Asks
from .geneval_rules import RELATIONS, Detected, is_correct
from .measured import Measuring
from .reading import Progress, rows, text

_NEEDED = ("tag", "include", "prompt")


@task("geneval")
class GenEval(Asks):
    """GenEval: 553 prompts for images of objects, by number, colour and position."""

    name = "geneval"
    kind: Kind = "prompt"
    modality: Modality | None = "image"
    objective: Objective | None = "generation"
    headline: tuple[str, ...] = ("overall",)
    source = None
    grading = Measuring("geneval")
    columns: Mapping[str, str] = {
        "tag": "the group",
        "prompt": "the prompt",
        "include": "what must be there: class, count, color, position (relation, clause)",
        "exclude": "what must not be there: class, count (may be absent)",
    }

    def items(self, data: Data) -> Iterator[PromptItem]:
        """Rows in order; the id is the row's number in five digits, as the authors' folders."""
        for number, (where, row) in enumerate(rows(data, self.source, _NEEDED)):
            question = {
                "tag": text(row, "tag", where),
                "include": row["include"],
                "exclude": row.get("exclude") or [],
            }
            _check(question, where)
            yield PromptItem(
                id=f"{number:05d}",
                modality="image",
                prompt=text(row, "prompt", where),
                group=question["tag"],
                cluster=f"{number:05d}",
                known={"question": json.dumps(question, ensure_ascii=False)},
            )

    def measures(self, grades: Grades) -> Mapping[str, Measure]:
        """The share of right images."""
        return {**grades.mean("images", grades.number(0), 0, 1), **grades.coverage}

    def whole(self, grades: Grades) -> Mapping[str, Measure]:
        """``overall``, the mean of the groups' shares, and the figures of all images together."""
        images = grades.mean("images", grades.number(0), 0, 1)
        overall = {
            name.replace("images", "overall"): figure.over_groups(grades.group)
            for name, figure in images.items()
            if isinstance(figure, Figure)
        }
        right: Bools = (grades.number(0) > 0).sum(axis=(1, 2)) > 0
        known: Bools = (grades.read | grades.unanswered).sum(axis=(1, 2)) > 0
        return {
            **overall,
            **images,
            "prompts_any": Figure.ratio(right, known),
            **grades.coverage,
        }

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Captions of the shapes world, in the benchmark's schema."""
        from .shapes.geneval_demo import write_geneval

        write_geneval(folder, seed=seed, progress=progress)


def _check(question: Row, where: str) -> None:
    """See that the rules can be applied.

    Raises:
        UserError: a clause is not as the columns say.
    """
    try:
        is_correct(question, Detected(_enough(question), {}))
        for clause in question["include"]:
            if "position" in clause and clause["position"][0] not in RELATIONS:
                raise ValueError(f"no such relation: {clause['position'][0]}")
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise UserError(
            f"{where}: include and exclude are no clauses of GenEval ({type(error).__name__}:"
            f" {error}); expected class, count, and maybe color and position"
        ) from None


def _enough(question: Mapping[str, Any]) -> dict[str, list[list[float]]]:
    """So many boxes of each class that every clause is looked at."""
    return {
        clause["class"]: [[0.0, 0.0, 1.0, 1.0]] * int(clause["count"])
        for clause in question["include"]
    }
