"""The reader of the shapes world: measures from the pixels how true a picture or film is.

Unlike the oracle it needs no truth in the file, so it scores what a model has generated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from ..harness.errors import MediaError
from ..harness.items import PointItem
from ..harness.judge import Supports
from ..harness.media import load_image
from ..harness.registry import judge
from ..harness.video import sample_frames
from .scorers.features import Remembered, at_least_one, content, generated

_REMEMBERED = 65_536


@judge("shapes-reader")
@dataclass
class ShapesReader:
    """Reads pictures and films of the shapes world: how much of the caption holds, how clean.

    The score is put together as the world's latent scores are (docs/shapes-world.md), from what is
    measured in the pixels. Captions that are not in the world's English make an item fail.

    Args:
        part: score (all in all), alignment (share of the caption's facts that hold) or quality;
            each from 0 to 1.
        batch_size: pictures or films read at a time.

    Raises:
        UserError: the batch size is less than 1.
    """

    part: Literal["score", "alignment", "quality"] = "score"
    batch_size: int = 32

    supports: ClassVar[Supports] = Supports(
        objectives=frozenset({"generation"}), order_free=True, pointwise=True
    )

    def __post_init__(self) -> None:
        at_least_one(batch_size=self.batch_size)
        self._scores: Remembered[PointItem, float, float] = Remembered(
            _key, self._measured, list, self.batch_size, _REMEMBERED
        )

    def score(self, batch: Sequence[PointItem]) -> list[float]:
        """Score pictures or films, the higher the better, from 0 to 1.

        Raises:
            MediaError: one cannot be used, or its caption cannot be read; the others are kept.
            UserError: an item is no generated picture or film.
        """
        generated(batch, "shapes-reader")
        return self._scores.of(batch)

    def identity(self) -> Mapping[str, object]:
        """What a score depends on."""
        return {"part": self.part, "media": {"video": "8 frames, evenly spread"}}

    def _measured(self, item: PointItem) -> float:
        import numpy as np

        from ..tasks.shapes.caption_reader import CaptionError
        from ..tasks.shapes.motion import FRAMES
        from ..tasks.shapes.truthfulness import film_score, picture_score

        (media,) = generated([item], "shapes-reader")
        try:
            if item.modality == "image":
                measured = picture_score(np.asarray(load_image(media)), item.prompt)
            else:
                frames = [np.asarray(frame) for frame in sample_frames(media, FRAMES)]
                measured = film_score(np.stack(frames), item.prompt)
        except CaptionError as error:
            raise MediaError(f"no caption of the shapes world: {error}") from error
        except ValueError as error:
            raise MediaError(f"no picture or film of the shapes world: {error}") from error
        return float(getattr(measured, self.part))


def _key(item: PointItem) -> str:
    (media,) = generated([item], "shapes-reader")
    return f"{content(media)} {item.modality} {item.prompt}"
