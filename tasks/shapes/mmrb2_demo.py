"""Pairs of the shapes world that a voter decided, written down as Multimodal RewardBench 2.

As in ``demo``, each function writes one demo set, its table last, and ``seed`` names the set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ...harness.items import Media, Verdict
from ...harness.truth import Truth, answer_key, with_truth
from ..mmrb2 import Config, mixed, numbered
from .counting import Progress, counted
from .dice import Dice
from .draw import draw, encode
from .edited import Edited, edited_pairs
from .interleaved import Told, step_pairs, worked_pairs
from .pairs import Pair, decided
from .pictures import Picture, picture_pairs
from .tables import Kind, Row, write_parquet

_SOURCES = ("shapes-a", "shapes-b")
_LETTERS = {Verdict.FIRST: "A", Verdict.SECOND: "B"}
_PAIRS: dict[Config, Any] = {
    "t2i": picture_pairs,
    "edit": edited_pairs,
    "interleaved": step_pairs,
    "reasoning": worked_pairs,
}


class _Content(NamedTuple):
    """A text with ``<image_N>`` where its images are, and those as PNG files."""

    text: str
    images: tuple[bytes, ...] = ()


def write_mmrb2(
    folder: Path,
    config: Config,
    *,
    items: int = 60,
    seed: int = 0,
    progress: Progress | None = None,
) -> None:
    """Write a configuration of Multimodal RewardBench 2: ``<config>/test-*.parquet``.

    Raises:
        OSError: the folder cannot be written.
    """
    own = Dice("shapes", "mmrb2", config, seed).below(2**31)
    drawn: Iterator[Pair[Any]] = decided(_PAIRS[config](4 * items, seed=own), items)
    rows: list[Row] = []
    for index, pair in counted(drawn, items, progress):
        name = f"{config}-{index:04d}"
        prompt, first, second = _contents(pair)
        rows.append(
            {
                "pair_id": name,
                "prompt_text": prompt.text,
                "prompt_images": _files(prompt, name),
                "response_a_text": first.text,
                "response_a_images": _files(first, f"{name}-a"),
                "response_b_text": second.text,
                "response_b_images": _files(second, f"{name}-b"),
                "chosen": _LETTERS[pair.label],
                "prompt_source": _SOURCES[index % len(_SOURCES)],
            }
        )
    columns: dict[str, Kind] = {
        key: "images" if key.endswith("images") else "string" for key in rows[0]
    }
    write_parquet(folder / config / "test-00000-of-00001.parquet", columns, rows)


def write_all(
    folder: Path, *, items: int = 20, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write all configurations, with so many items each; see :func:`write_mmrb2`."""
    for done, config in enumerate(_PAIRS):
        told = partial(_of_all, progress, done * items, len(_PAIRS) * items)
        write_mmrb2(folder, config, items=items, seed=seed, progress=told)


def _of_all(progress: Progress | None, before: int, total: int, done: int, _: int) -> None:
    if progress:
        progress(before + done, total)


def _contents(pair: Pair[Any]) -> tuple[_Content, _Content, _Content]:
    """The prompt and the two responses, with the truth in their files."""
    first, second = pair.candidates
    if isinstance(first, Told):
        one, other = _told(first), _told(second)
        asked = f"<image_0> {pair.prompt}"
        scores = {_key(one): first.score, _key(other): second.score}
        truth = Truth(numbered(asked), answers=scores)
        return _Content(asked, (with_truth(encode(first.source), truth),)), one, other
    prompt = _Content(pair.prompt)
    if isinstance(first, Edited):
        prompt = _Content(f"<image_0> {pair.prompt}", (encode(draw(first.edit.source)),))
    return prompt, _made(first), _made(second)


def _made(shown: Picture | Edited) -> _Content:
    return _Content("<image_0>", (with_truth(encode(shown.pixels()), shown.truth()),))


def _told(answer: Told) -> _Content:
    texts: list[str] = []
    images: list[bytes] = []
    for part in answer.parts:
        if isinstance(part, str):
            texts.append(part)
        else:
            texts.append(f"<image_{len(images)}>")
            images.append(encode(part))
    return _Content("\n".join(texts), tuple(images))


def _key(content: _Content) -> str:
    images: Sequence[Media] = [Media.embedded("image", png) for png in content.images]
    return answer_key(mixed(content.text, images).key)


def _files(content: _Content, name: str) -> list[dict[str, object]]:
    numbered_files = enumerate(content.images)
    return [{"bytes": png, "path": f"{name}-{number}.png"} for number, png in numbered_files]
