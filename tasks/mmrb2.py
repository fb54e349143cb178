"""Multimodal RewardBench 2: which of two generated or edited images do experts prefer?

https://huggingface.co/datasets/rl-research/multimodal-rewardbench-2 (Hu et al. 2025, arXiv
2512.16899; columns as in facebookresearch/MMRB2, ``benchmark/build_from_hf.py``), configurations
``t2i`` and ``edit``. One item::

    {"pair_id": "...", "prompt_text": "<image_0> Make it night.", "prompt_images": [<JPEG>],
     "response_a_text": "<image_0>", "response_a_images": [<JPEG>],
     "response_b_text": "<image_0>", "response_b_images": [<JPEG>],
     "chosen": "A", "prompt_source": "emu_edit"}

Groups are the prompts' sources. The authors ask in both orders and count each as a trial; trials
without a verdict are left out: with ``--order both`` that is ``accuracy_parsed`` where some answers
could not be read, and ``accuracy``, which counts those as wrong, where all could. The other two
configurations, ``interleaved`` and ``reasoning``, compare answers that mix text and images, which
no item here can hold; they are not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

from ..harness.errors import UserError
from ..harness.items import Media, PairItem, Verdict
from ..harness.registry import task
from ..harness.tables import Row
from ..harness.task import Data, HubSource
from .reading import Progress, choice, media, media_root, rows, text
from .rewarding import Rewards

_CHOSEN = {"A": Verdict.FIRST, "B": Verdict.SECOND, "a": Verdict.FIRST, "b": Verdict.SECOND}
_PLACE = re.compile(r"\s*<image_\d+>\s*")


class MMRB2(Rewards):
    """What its configurations share."""

    name: ClassVar[str]
    config: ClassVar[Literal["t2i", "edit"]]

    @property
    def source(self) -> HubSource:
        """The configuration on the hub."""
        return HubSource(
            "rl-research/multimodal-rewardbench-2",
            self.config,
            "test",
            licence="CC BY-NC 4.0",
            items=1000,
        )

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns read, and what they hold."""
        edited = {"prompt_images": "the images that were edited"} if self.config == "edit" else {}
        return {
            "pair_id": "the item's id",
            "prompt_text": "the prompt; <image_N> stands where an image is",
            **edited,
            "response_a_images": "first image, in a list (absent for judges that open no media)",
            "response_b_images": "second image, in a list",
            "chosen": "A | B",
            "prompt_source": "the group",
        }

    def items(self, data: Data) -> Iterator[PairItem]:
        """Rows in order; the id is the pair's."""
        root = media_root(data, self.source)
        needed = ("pair_id", "prompt_text", "chosen", "prompt_source")
        for where, row in rows(data, self.source, needed):
            prompt = _PLACE.sub(" ", text(row, "prompt_text", where)).strip()
            yield PairItem(
                id=text(row, "pair_id", where),
                modality="image",
                objective="generation",
                prompt=prompt,
                candidates=(
                    _only(row, "response_a_images", root, where),
                    _only(row, "response_b_images", root, where),
                ),
                label=choice(row, "chosen", _CHOSEN, where),
                context=_images(row, "prompt_images", root, where),
                group=text(row, "prompt_source", where),
                cluster=prompt,
            )

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Pictures or edits of the shapes world in the benchmark's schema."""
        from .shapes.decided_demo import write_mmrb2

        write_mmrb2(folder, self.config, seed=seed, progress=progress)


@task("mmrb2-t2i", group="mmrb2")
class MMRB2Images(MMRB2):
    """Multimodal RewardBench 2: 1,000 pairs of images generated from a text."""

    name, config = "mmrb2-t2i", "t2i"


@task("mmrb2-edit", group="mmrb2")
class MMRB2Edits(MMRB2):
    """Multimodal RewardBench 2: 1,000 pairs of edits of one or more images."""

    name, config = "mmrb2-edit", "edit"


def _only(row: Row, column: str, root: Path | None, where: str) -> Media:
    """The one image of a response; without the column, one that is not there."""
    found = _images(row, column, root, where)
    if len(found) > 1:
        raise UserError(f"{where}: {column} holds {len(found)} images; expected one")
    return found[0] if found else media(None, "image", root, where)


def _images(row: Row, column: str, root: Path | None, where: str) -> tuple[Media, ...]:
    given = row.get(column)
    if given is None:
        return ()
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        raise UserError(f"{where}: {column} holds {type(given).__name__}, expected a list")
    return tuple(media(each, "image", root, where) for each in given)
