"""How true outputs are, by the world itself: no judge has a say in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...harness.items import Media, Modality
from ...harness.media import load_image
from ...harness.progress import progress
from ...harness.video import sample_frames
from ..candidates import Candidate


def answers(prompts: Path, candidates: Sequence[Sequence[Candidate]]) -> list[list[float]]:
    """How true answers are about what was drawn.

    Args:
        prompts: folder as :func:`unieval.dpo.world.answer_prompts.write_answer_prompts` writes it.
        candidates: answers to each.
    """
    from ...tasks.shapes.answer_truth import answer_score
    from ..world.answer_prompts import read_answer_prompts

    return [
        [answer_score(asked.shown, asked.question, one.text or "").score for one in given]
        for asked, given in zip(read_answer_prompts(prompts), candidates, strict=True)
    ]


def media(
    modality: Modality,
    captions: Sequence[str],
    candidates: Sequence[Sequence[Candidate]],
    folder: Path,
) -> list[list[float]]:
    """How much of its caption a picture or film shows, as measured from its pixels.

    Args:
        modality: of the media.
        captions: what each was made for.
        candidates: made for each.
        folder: what their paths are relative to.
    """
    score = _picture if modality == "image" else _film
    known: dict[tuple[str, str], float] = {}
    with progress(f"truth of {modality}s", sum(map(len, candidates))) as shown:
        for caption, made in zip(captions, candidates, strict=True):
            for one in made:
                if one.media and (one.media, caption) not in known:
                    file = Media(modality, str(folder / one.media), name=one.media)
                    known[one.media, caption] = score(file, caption)
            shown.advance(len(made), 0)
    return [
        [known[one.media, caption] if one.media else 0.0 for one in made]
        for caption, made in zip(captions, candidates, strict=True)
    ]


def _picture(file: Media, caption: str) -> float:
    from ...tasks.shapes.truthfulness import picture_score

    return _scored(picture_score, _array(load_image(file)), caption)


def _film(file: Media, caption: str) -> float:
    import numpy as np

    from ...tasks.shapes.motion import FRAMES
    from ...tasks.shapes.truthfulness import film_score

    frames = np.stack([_array(frame) for frame in sample_frames(file, FRAMES)])
    return _scored(film_score, frames, caption)


def _array(picture: Any) -> Any:
    import numpy as np

    return np.asarray(picture.convert("RGB"))


def _scored(score: Callable[[Any, str], Any], pixels: Any, caption: str) -> float:
    return float(score(pixels, caption).score)
