"""Measures of a video that need no model: how its frames change, one to the next.

All look at every frame. ``temporal-flickering`` is VBench's dimension of that name; the other two
are methods of our own, which answer the questions behind VBench's *motion smoothness* and *dynamic
degree*, and whose figures do not compare with VBench's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from ...harness.errors import MediaError
from ...harness.items import Media, PointItem
from ...harness.judge import Supports
from ...harness.registry import judge
from ...harness.video import sample_frames
from .features import Remembered, at_least_one, content, generated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Levels = NDArray[np.uint8]
    Pixels = NDArray[np.float32]
    Floats = NDArray[np.float64]

_REMEMBERED = 65_536
_CLEARLY = 10
"""Levels, of 255; a change by more than these is clear."""


def every_frame(media: Media, most: int) -> list[Levels]:
    """All frames of a video; shape (rows, columns, 3) each.

    Raises:
        MediaError: it cannot be used, has one frame, more than ``most``, or frames of two sizes.
    """
    import numpy as np

    frames = [np.asarray(one, dtype=np.uint8) for one in sample_frames(media, most + 1)]
    if not 1 < len(frames) <= most:
        reason = "one frame" if len(frames) < 2 else f"more than {most} frames"
        raise MediaError(f"{media.uri} has {reason}; between 2 and {most} can be measured")
    if len({frame.shape for frame in frames}) > 1:
        raise MediaError(f"{media.uri}: its frames have different sizes")
    return frames


@dataclass
class FrameMeasure(ABC):
    """What the measures have in common.

    Args:
        most_frames: longer videos are refused.
        batch_size: videos measured at a time.

    Raises:
        UserError: a number is out of range.
    """

    most_frames: int = 600
    batch_size: int = 8

    supports: ClassVar[Supports] = Supports(
        frozenset({"video"}), frozenset({"generation"}), order_free=True, pointwise=True
    )
    name: ClassVar[str]

    def __post_init__(self) -> None:
        at_least_one(most_frames=self.most_frames, batch_size=self.batch_size)
        self._values: Remembered[Media, float, float] = Remembered(
            content, self._measured, list, self.batch_size, _REMEMBERED
        )

    def score(self, batch: Sequence[PointItem]) -> list[float]:
        """Measure videos, from 0 to 1.

        Raises:
            MediaError: one cannot be used; the others are kept.
            UserError: an item is no generated video.
        """
        return self._values.of(generated(batch, self.name))

    def identity(self) -> Mapping[str, object]:
        """What a value depends on."""
        return {"measure": self.name, "media": {"video": "every frame"}}

    def _measured(self, media: Media) -> float:
        frames = every_frame(media, self.most_frames)
        return self.of([frame.astype("float32") for frame in frames])  # levels of bytes wrap round

    @abstractmethod
    def of(self, frames: Sequence[Pixels]) -> float:
        """The value of a video's frames, whose levels go from 0 to 255."""


@judge("temporal-flickering")
@dataclass
class TemporalFlickering(FrameMeasure):
    """1 less the mean absolute difference of neighbouring frames; for videos of things at rest.

    VBench's dimension, by its own formula (https://github.com/Vchitect/VBench, commit 45e79ec).
    VBench first drops videos in which something moves, which is left to the prompts here.
    """

    name: ClassVar[str] = "temporal-flickering"

    def of(self, frames: Sequence[Pixels]) -> float:
        """From 0 to 1, the higher the steadier."""
        return 1 - float(changes(frames).mean()) / 255


@judge("motion-evenness")
@dataclass
class MotionEvenness(FrameMeasure):
    """How evenly a video changes: 1 less the relative jump of change from one step to the next.

    With ``d`` the mean absolute difference of neighbouring frames, the value is
    ``1 - sum |d[t+1] - d[t]| / sum (d[t+1] + d[t])``: 1 if every step changes as much (also if
    nothing moves), 0 if every other step stands still. Our own, not VBench's motion smoothness,
    which interpolates frames with AMT.
    """

    name: ClassVar[str] = "motion-evenness"

    def of(self, frames: Sequence[Pixels]) -> float:
        """From 0 to 1, the higher the more even."""
        import numpy as np

        change = changes(frames)
        whole = float((change[1:] + change[:-1]).sum())
        return 1 - float(np.abs(np.diff(change)).sum()) / whole if whole else 1.0


@judge("motion-amount")
@dataclass
class MotionAmount(FrameMeasure):
    """How much of a video moves: the mean share of pixels that change clearly in a step.

    A pixel changes clearly if one of its colours changes by more than 10 of 255 levels. Our own,
    not VBench's dynamic degree, which asks of RAFT's optical flow whether a video moves at all.
    """

    name: ClassVar[str] = "motion-amount"

    def of(self, frames: Sequence[Pixels]) -> float:
        """From 0 to 1, the higher the more moves."""
        import numpy as np

        shares = [
            float((np.abs(after - before).max(axis=2) > _CLEARLY).mean())
            for before, after in pairwise(frames)
        ]
        return float(np.mean(shares))


def changes(frames: Sequence[Pixels]) -> Floats:
    """Mean absolute difference of neighbouring frames, in levels; shape (frames - 1,)."""
    import numpy as np

    steps = [float(np.abs(after - before).mean()) for before, after in pairwise(frames)]
    return np.array(steps)
