"""Multimodal RewardBench 2: which of two images, edits or answers with images do experts prefer?

https://huggingface.co/datasets/rl-research/multimodal-rewardbench-2 (Hu et al. 2025, arXiv
2512.16899; columns as in facebookresearch/MMRB2, ``benchmark/build_from_hf.py``). One item of the
configuration ``interleaved``::

    {"pair_id": "...", "prompt_text": "<image_0> Repaint it in two steps.",
     "prompt_images": [<JPEG>], "response_a_text": "First the door. <image_0> Then <image_1>",
     "response_a_images": [<JPEG>, <JPEG>], "response_b_text": "<image_0>",
     "response_b_images": [<JPEG>], "chosen": "A", "prompt_source": "isgbench"}

``<image_N>`` in a text is where the next of its images stands; images that a text has no place for
follow it. In ``t2i`` and ``edit`` a response is one image. In ``interleaved`` and ``reasoning`` it
is an answer that mixes texts and images, or has one of the two alone; its prompt speaks of its own
images as ``[picture 1]`` and so on. Judges of single images or texts refuse these.

Groups are the prompts' sources. The authors (``evaluate/compute_scores/compute_accuracy.py``,
commit 1a09882) ask in both orders and count each as a trial; trials without a verdict are left
out, as ``accuracy`` does in the official protocol. ``mmrb2-all`` is the four together: its groups
are the four tasks, and its accuracy over all trials is what the authors call overall.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import ClassVar, Literal, get_args

from ..harness.errors import UserError
from ..harness.items import Candidate, Media, Mixed, Objective, PairItem, Verdict
from ..harness.judgements import Judgements
from ..harness.metrics import Measure, pairwise_measures
from ..harness.registry import task
from ..harness.tables import Row
from ..harness.task import Data, HubSource, OrderPlan
from .reading import Progress, choice, media, media_root, rows, text
from .rewarding import Rewards

Config = Literal["t2i", "edit", "interleaved", "reasoning"]

_DATASET, _LICENCE, _EACH = "rl-research/multimodal-rewardbench-2", "CC BY-NC 4.0", 1000
_CHOSEN = {"A": Verdict.FIRST, "B": Verdict.SECOND, "a": Verdict.FIRST, "b": Verdict.SECOND}
_PLACE = re.compile(r"<image_\d+>")
_AN_IMAGE = "an image, in a list (absent for judges that open no media)"
_COLUMNS = {
    "pair_id": "the item's id",
    "prompt_text": "the prompt; <image_N> stands where an image is",
    "prompt_images": "the prompt's images, such as the one to edit",
    "response_a_text": "first answer; <image_N> stands where an image is",
    "response_a_images": "its images (absent for judges that open no media)",
    "response_b_text": "second answer",
    "response_b_images": "its images",
    "chosen": "A | B",
    "prompt_source": "the group",
}
_NO_TEXTS = {"response_a_images": _AN_IMAGE, "response_b_images": _AN_IMAGE}


class MMRB2(Rewards):
    """What all of them have."""

    version = "2"
    official_order: OrderPlan = "both"

    def measures(self, judgements: Judgements) -> Mapping[str, Measure]:
        """The usual figures; officially ``accuracy`` is over the trials that have a verdict."""
        found = pairwise_measures(judgements)
        if judgements.protocol == "official" and "accuracy_parsed" in found:
            found["accuracy"] = found["accuracy_parsed"]
        return found


class OneConfiguration(MMRB2):
    """What each of the four has."""

    name: ClassVar[str]
    config: ClassVar[Config]

    @property
    def source(self) -> HubSource:
        """The configuration on the hub."""
        return _source(self.config)

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns read, and what they hold."""
        if self.objective == "interleaved":
            return _COLUMNS
        unread = {"response_a_text", "response_b_text"}
        unread |= {"prompt_images"} if self.config == "t2i" else set()
        return {k: v for k, v in (_COLUMNS | _NO_TEXTS).items() if k not in unread}

    def items(self, data: Data) -> Iterator[PairItem]:
        """Rows in order; the id is the pair's."""
        return _items(data, self.config)

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Pictures, edits or answers of the shapes world in the benchmark's schema."""
        from .shapes.mmrb2_demo import write_mmrb2

        write_mmrb2(folder, self.config, seed=seed, progress=progress)


@task("mmrb2-t2i", group="mmrb2")
class MMRB2Images(OneConfiguration):
    """Multimodal RewardBench 2: 1,000 pairs of images generated from a text."""

    name, config = "mmrb2-t2i", "t2i"


@task("mmrb2-edit", group="mmrb2")
class MMRB2Edits(OneConfiguration):
    """Multimodal RewardBench 2: 1,000 pairs of edits of one or more images."""

    name, config = "mmrb2-edit", "edit"


@task("mmrb2-interleaved", group="mmrb2")
class MMRB2Interleaved(OneConfiguration):
    """Multimodal RewardBench 2: 1,000 pairs of generated sequences of texts and images."""

    name, config = "mmrb2-interleaved", "interleaved"
    objective: Objective | None = "interleaved"


@task("mmrb2-reasoning", group="mmrb2")
class MMRB2Reasoning(OneConfiguration):
    """Multimodal RewardBench 2: 1,000 pairs of worked answers about images, some with images."""

    name, config = "mmrb2-reasoning", "reasoning"
    objective: Objective | None = "interleaved"


@task("mmrb2-all")
class MMRB2All(MMRB2):
    """Multimodal RewardBench 2: all 4,000 pairs, each of the four tasks and overall."""

    name = "mmrb2-all"
    objective: Objective | None = None
    source = HubSource(_DATASET, None, "test", licence=_LICENCE, items=_EACH * 4)
    columns: Mapping[str, str] = _COLUMNS

    def items(self, data: Data) -> Iterator[PairItem]:
        """Rows of the four in turn; the id is the task and the pair's."""
        if data.path is not None and not data.path.is_dir():
            raise UserError(
                f"{data.path} is one file; {self.name} reads a folder with the sub-folders"
                f" {', '.join(get_args(Config))}, or say --task mmrb2-t2i and so on"
            )
        for config in get_args(Config):
            for item in _items(data, config):
                yield replace(item, id=f"{config}/{item.id}", group=config)

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Some pairs of each of the four."""
        from .shapes.mmrb2_demo import write_all

        write_all(folder, seed=seed, progress=progress)


def numbered(prompt: str) -> str:
    """A prompt that speaks of its images by their numbers.

    >>> numbered("Which of <image_0> and <image_1> is older?")
    'Which of [picture 1] and [picture 2] is older?'
    """
    first, *others = _PLACE.split(prompt)
    places = (f"[picture {number}]{text}" for number, text in enumerate(others, 1))
    return "".join([first, *places]).strip()


def mixed(written: str, images: Sequence[Media]) -> Mixed:
    """An answer with its images where they stand in it, and those without a place after it."""
    parts: list[Media | str] = []
    left = iter(images)
    for number, piece in enumerate(_PLACE.split(written)):
        parts += islice(left, 1) if number else ()
        parts += [piece.strip()] if piece.strip() else ()
    return Mixed((*parts, *left))


def _source(config: Config) -> HubSource:
    return HubSource(_DATASET, config, "test", licence=_LICENCE, items=_EACH)


def _items(data: Data, config: Config) -> Iterator[PairItem]:
    source = _source(config)
    root = media_root(data, source)
    mixes = config in ("interleaved", "reasoning")
    needed = ["pair_id", "prompt_text", "chosen", "prompt_source"]
    needed += ["response_a_text", "response_b_text"] if mixes else []
    for where, row in rows(data, source, needed):
        asked, context = text(row, "prompt_text", where), _images(row, "prompt", root, where)
        prompt = numbered(asked) if mixes else re.sub(r"\s*<image_\d+>\s*", " ", asked).strip()
        one = _mixed if mixes else _only
        about = "\n".join(medium.key for medium in context) if mixes else ""
        yield PairItem(
            id=text(row, "pair_id", where),
            modality="image",
            objective="interleaved" if mixes else "generation",
            prompt=prompt,
            candidates=(
                one(row, "response_a", root, where),
                one(row, "response_b", root, where),
            ),
            label=choice(row, "chosen", _CHOSEN, where),
            context=context,
            group=text(row, "prompt_source", where),
            cluster=f"{prompt}\n{about}" if about else prompt,  # many puzzles share their wording
        )


def _mixed(row: Row, response: str, root: Path | None, where: str) -> Candidate:
    """A response's texts and images; without the column of images, such as are not there."""
    written = text(row, f"{response}_text", where)
    if row.get(f"{response}_images") is None:
        return mixed(written, [media(None, "image", root, where)] * len(_PLACE.findall(written)))
    return mixed(written, _images(row, response, root, where))


def _only(row: Row, response: str, root: Path | None, where: str) -> Candidate:
    """The one image of a response; without the column, one that is not there."""
    found = _images(row, response, root, where)
    if len(found) > 1:
        raise UserError(f"{where}: {response}_images holds {len(found)} images; expected one")
    return found[0] if found else media(None, "image", root, where)


def _images(row: Row, of: str, root: Path | None, where: str) -> tuple[Media, ...]:
    column = f"{of}_images"
    given = row.get(column)
    if given is None:
        return ()
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        raise UserError(f"{where}: {column} holds {type(given).__name__}, expected a list")
    return tuple(media(each, "image", root, where) for each in given)
