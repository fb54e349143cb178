"""Win rates: is what one generation model makes better than what another made for the prompt?

The model under test (``--model``) stands against media that are there already: ``--task-arg
against=PATH`` is a run folder of ``unieval run --model`` over the same prompts, or a folder of
media named by item; without it, a column ``against`` names the medium of each prompt. Any judge
that compares, or scores, judges each pair, in both orders. A win counts 1, a tie one half:
``win_rate`` is the mean. What cannot be read is left out, and bounded (``win_rate_lower``,
``win_rate_upper``); what the model under test failed to make has lost. Prompts are as in
``image-prompts``. Official: one order, and what was not made is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..harness.errors import UserError
from ..harness.grades import Grades
from ..harness.items import (
    Candidate,
    Item,
    Kind,
    Media,
    Modality,
    Objective,
    PairItem,
    PromptItem,
    Verdict,
)
from ..harness.made import Made
from ..harness.metrics import Measure
from ..harness.registry import task
from ..harness.statistics import Figure
from ..harness.tables import Row
from ..harness.task import Data, HubSource
from .asking import Asks
from .generation import hub_source
from .prompt_sets import COLUMNS, prompt_rows
from .reading import Progress, media


@dataclass(frozen=True)
class Comparing:
    """Any judge that compares sees what was made beside what another model made.

    ``other`` is where the other model's media are; *None* where each item names its own.
    """

    modality: Modality
    other: Made | None
    grammar: str | None = None
    kind: Kind = "pair"
    compares: bool = True
    characters: int = 0

    def item(self, asked: Item, answer: Candidate, name: str) -> PairItem:
        """The pair, the model under test first; no people have compared it."""
        assert isinstance(asked, PromptItem)
        return PairItem(
            id=name,
            modality=self.modality,
            objective="generation",
            prompt=asked.prompt,
            candidates=(answer, self._other(asked, name)),
            label=Verdict.TIE,
            group=asked.group,
            cluster=asked.cluster,
        )

    def _other(self, asked: PromptItem, name: str) -> Media:
        if self.other is None:
            place = asked.known["against"]
            return Media(self.modality, place, name=Path(place).name)
        vote = name[len(asked.id) + 1 :]  # "17" is the only one made for item 17, "17#2" the third
        found = self.other.file(asked, int(vote) if vote else 0)
        file = found or self.other.file(asked, 0)  # there may be fewer of the other model's
        return Media(self.modality, str(file or ""), name=file.name if file else "")

    def identity(self) -> Mapping[str, object]:
        """The other model's media."""
        return {"against": self.other.fingerprint if self.other else "column"}


class Wins(Asks):
    """What both tasks have in common."""

    kind: Kind = "prompt"
    objective: Objective | None = "generation"
    headline: tuple[str, ...] = ("win_rate", "tie_rate")
    columns: Mapping[str, str] = COLUMNS | {
        "against": "what another model made for the prompt; absent with --task-arg against=PATH",
    }

    def __init__(
        self,
        name: str,
        modality: Modality,
        source: HubSource | None,
        against: Path | None,
        column: str | None,
        dimension: str | None = None,
    ) -> None:
        self.name, self.source, self.column, self.dimension = name, source, column, dimension
        self.modality: Modality = modality
        self.grading = Comparing(modality, None if against is None else Made(against))

    def items(self, data: Data) -> Iterator[PromptItem]:
        """Rows in order, each with what stands against it.

        Raises:
            UserError: nothing does.
        """
        other = self.grading.other
        if other is not None and not other.path.is_dir():
            raise UserError(
                f"--task-arg against={other.path}: no such folder; give a run folder, or a folder"
                " of media made for the same prompts"
            )
        root = None if data.path is None or data.path.is_dir() else data.path.parent
        found = prompt_rows(data, self.source, self.modality, self.column, self.dimension)
        for row, item in found:
            yield self._against(row, item, root or data.path)

    def _against(self, row: Row, item: PromptItem, root: Path | None) -> PromptItem:
        where = f"{self.name}, item '{item.id}'"
        other = self.grading.other
        if other is None:
            if not row.get("against"):
                raise UserError(
                    f"{where}: nothing stands against it; say --task-arg against=PATH, a run folder"
                    " or a folder of media made for the same prompts"
                )
            found = media(row["against"], self.modality, root, where)
            about = (item.id, item.modality, item.prompt, (), item.group, item.cluster)
            return PromptItem(*about, known={"against": found.uri})
        if other.file(item, 0) is None:
            raise UserError(
                f"--task-arg against={other.path} holds nothing for item '{item.id}'"
                f" ({item.prompt[:60]!r}); make it, or leave the prompt out"
            )
        return item

    def measures(self, grades: Grades) -> Mapping[str, Measure]:
        """Shares of wins and ties, flips between the two orders, and coverage."""
        ahead = grades.number(0) - grades.number(1)
        measures = grades.mean("win_rate", (np.sign(ahead) + 1) / 2, 0, 1)
        tied = grades.read & (ahead == 0)
        cells = (len(grades), -1)
        read = grades.read.reshape(cells).sum(axis=1)
        measures["tie_rate"] = Figure.ratio(tied.reshape(cells).sum(axis=1), read)
        if ahead.shape[2] == 2:
            both = grades.read.all(axis=2)
            flipped = both & (np.sign(ahead[..., 0]) != np.sign(ahead[..., 1]))
            measures["flip_rate"] = Figure.ratio(flipped.sum(axis=1), both.sum(axis=1))
        return measures | grades.coverage


@task("image-wins")
class ImageWins(Wins):
    """Images for prompts, each compared with another model's."""

    def __init__(
        self,
        against: Path | None = None,
        dataset: str | None = None,
        split: str | None = None,
        column: str | None = None,
    ) -> None:
        super().__init__("image-wins", "image", hub_source(dataset, split), against, column)

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Captions of the shapes world, and pictures that an imaginary model drew for them."""
        from .shapes.prompt_demo import write_image_wins

        write_image_wins(folder, seed=seed, progress=progress)


@task("video-wins")
class VideoWins(Wins):
    """Videos for prompts, each compared with another model's."""

    def __init__(
        self,
        against: Path | None = None,
        dataset: str | None = None,
        split: str | None = None,
        column: str | None = None,
        dimension: str | None = None,
    ) -> None:
        source = hub_source(dataset, split)
        super().__init__("video-wins", "video", source, against, column, dimension)

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Captions of the shapes world, and films that an imaginary model made for them."""
        from .shapes.prompt_demo import write_video_wins

        write_video_wins(folder, seed=seed, progress=progress)
