"""EvalMuse-40K: how well does an image follow its text, by three or more annotators?

https://huggingface.co/datasets/DY-Evalab/EvalMuse (Han et al. 2024, arXiv 2412.18150), one table
``train_list.json`` beside ``images.zip`` (in parts, to be joined and unpacked). A row::

    {"prompt_id": "...", "prompt": "a puffin on a rock", "type": "real",
     "img_path": "SDXL-Turbo/12.png", "total_score": [4, 5, 4],
     "element_score": {"puffin (animal)": [1, 1, 1], "rock (object)": [1, 0, 0]},
     "promt_meaningless": [0, 0, 0], "split_confidence": ..., "fidelity_label": ...}

The score is the mean of ``total_score`` (1 to 5), and an element counts as present if at least two
annotators saw it; the pair of a text is its image of highest and of lowest mean (UnifiedReward,
arXiv 2503.05236, section III). ``element_score`` is an object in some releases and its Python
literal in others.

Columns seen: the data card's feature list; process/process_train.py in
https://github.com/DYEvaLab/EvalMuse (commit d701794).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from statistics import fmean

from ...harness.items import Media, Verdict
from ..preferences import Preference, content_id
from .base import Adapter, FoundRow, Layout, adapter

_LAYOUT = Layout(
    hub="DY-Evalab/EvalMuse",
    columns={
        "prompt": "the text",
        "img_path": "path of the image",
        "total_score": "each annotator's score, 1 to 5",
        "element_score": "element to each annotator's 0 or 1",
    },
    seen="the data card's feature list; DYEvaLab/EvalMuse, process/process_train.py, d701794",
    verified=True,
    table="train_list",
)
_AGREEING = 2


@adapter("evalmuse")
class EvalMuse(Adapter):
    """Scores of generated images, 1 to 5, with the elements of the text that are there."""

    layout = _LAYOUT

    def preferences(self, row: FoundRow) -> Iterable[Preference]:
        """One scored image a row."""
        prompt = row.text("prompt").strip()
        scores = row.numbers("total_score")
        if not all(1 <= score <= 5 for score in scores):
            raise row.bad("total_score", "must hold scores from 1 to 5", f" (found {scores})")
        image = row.media("img_path", "image")
        yield Preference(
            id=content_id(prompt, image),
            source="evalmuse",
            modality="image",
            objective="generation",
            prompt=prompt,
            candidates=(image,),
            score=fmean(scores),
            score_range=(1, 5),
            rationale=_elements(row),
        )


@adapter("evalmuse-pair")
class EvalMusePair(EvalMuse):
    """For each text its image of highest and of lowest mean score."""

    def combine(self, found: Iterator[Preference]) -> Iterable[Preference]:
        """One pair a text that has images of different scores."""
        by_prompt: dict[str, list[Preference]] = {}
        for scored in found:
            by_prompt.setdefault(scored.prompt, []).append(scored)
        for prompt, several in by_prompt.items():
            # equal scores are told apart by id, so that the order of rows does not matter
            ranked = sorted(several, key=lambda one: (one.score or 0, one.id))
            worst, best = ranked[0], ranked[-1]
            if worst.score == best.score:
                continue
            first, second = best.candidates[0], worst.candidates[0]
            assert isinstance(first, Media)
            assert isinstance(second, Media)
            yield Preference(
                id=content_id(prompt, first, second),
                source="evalmuse-pair",
                modality="image",
                objective="generation",
                prompt=prompt,
                candidates=(first, second),
                verdict=Verdict.FIRST,
            )


def _elements(row: FoundRow) -> str | None:
    found = row.value("element_score")
    if isinstance(found, str):
        try:
            found = ast.literal_eval(found)
        except (ValueError, SyntaxError):
            raise row.bad("element_score", "must be an object or its Python literal") from None
    if not isinstance(found, Mapping):
        raise row.bad("element_score", "must be an object or its Python literal")
    lines = []
    for element, votes in found.items():
        if votes is None:
            continue  # Parquet gives every row the elements of all rows
        if not isinstance(votes, list) or not all(vote in (0, 1) for vote in votes):
            raise row.bad("element_score", "must hold lists of 0 and 1", f" (element '{element}')")
        lines.append(f"{element}: {int(sum(votes) >= _AGREEING)}")
    return "\n".join(lines) or None
