"""Does what a video shows stay the same? By features of its frames, as VBench asks it.

Each frame is compared with the one before and with the first; the value is the mean of both cosines
(negative ones count 0) over the frames. With DINO's features that is VBench's *subject
consistency*, with CLIP's its *background consistency* (https://github.com/Vchitect/VBench, commit
45e79ec). VBench weighs videos by their frames, which makes a difference only where these differ;
pictures are prepared by the checkpoint's own processor, so the last digits may differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from ...harness.items import Media, PointItem
from ...harness.judge import Supports
from ...harness.registry import judge
from ..backends.checkpoints import Checkpoint, locate
from ..backends.transformers import Dtype
from .features import Placement, Remembered, at_least_one, content, generated, placement
from .motion import every_frame
from .pretrained import pretrained

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_REMEMBERED = 65_536


@dataclass(kw_only=True)
class FrameConsistency:
    """What both have in common.

    Args:
        path: folder or hub id of the checkpoint of transformers whose features are compared.
        revision: branch, tag or commit of a hub checkpoint.
        most_frames: longer videos are refused.
        device: auto, cpu, cuda, cuda:1, ...
        dtype: number format of the weights: auto, float32, bfloat16 or float16.
        batch_size: frames looked at a time.

    Raises:
        UserError: a number is out of range.
    """

    path: str
    revision: str | None = None
    most_frames: int = 600
    device: str = "auto"
    dtype: Dtype = "auto"
    batch_size: int = 32

    supports: ClassVar[Supports] = Supports(
        frozenset({"video"}), frozenset({"generation"}), order_free=True, pointwise=True
    )
    name: ClassVar[str]

    def __post_init__(self) -> None:
        at_least_one(most_frames=self.most_frames, batch_size=self.batch_size)
        self._values: Remembered[Media, Sequence[Any], float] = Remembered(
            content, self._frames, self._computed, 1, _REMEMBERED
        )

    def score(self, batch: Sequence[PointItem]) -> list[float]:
        """Measure videos, from 0 to 1, the higher the steadier.

        Raises:
            MediaError: one cannot be used; the others are kept.
            UserError: the checkpoint cannot be loaded, or an item is no generated video.
        """
        return self._values.of(generated(batch, self.name))

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """Where the checkpoint is; loads no weights."""
        return locate(self.path, self.revision)

    def identity(self) -> Mapping[str, object]:
        """What a value depends on; loads no weights.

        Raises:
            UserError: the checkpoint cannot be found.
        """
        return {
            "measure": self.name,
            "checkpoint": self.path,
            "fingerprint": self.checkpoint.fingerprint,
            "media": {"video": "every frame"},
            "dtype": self._placement.dtype,
        }

    def close(self) -> None:
        """Let go of the weights."""
        self.__dict__.pop("_model", None)

    @property
    def _placement(self) -> Placement:
        return placement(self.device, self.dtype)

    @cached_property
    def _model(self) -> tuple[Any, Any]:
        from transformers import AutoImageProcessor, AutoModel

        processor = pretrained(AutoImageProcessor, self.checkpoint)
        model = pretrained(AutoModel, self.checkpoint)
        return processor, self._placement.put(model.eval().requires_grad_(False))

    def _frames(self, media: Media) -> Sequence[Any]:
        return every_frame(media, self.most_frames)

    def _computed(self, videos: Sequence[Sequence[Any]]) -> list[float]:
        return [consistency(self._features(frames)) for frames in videos]

    def _features(self, frames: Sequence[Any]) -> NDArray[np.float64]:
        import numpy as np
        import torch

        processor, model = self._model
        found = []
        for start in range(0, len(frames), self.batch_size):
            some = frames[start : start + self.batch_size]
            pixels = processor(images=list(some), return_tensors="pt")["pixel_values"]
            pixels = pixels.to(model.device, model.dtype)
            with torch.inference_mode():
                if hasattr(model, "get_image_features"):
                    seen = model.get_image_features(pixel_values=pixels).pooler_output
                else:
                    seen = model(pixel_values=pixels).last_hidden_state[:, 0]
            found.append(seen.double().cpu().numpy())
        return np.concatenate(found)


def consistency(features: NDArray[np.float64]) -> float:
    """The mean cosine of each frame's features with those before it and with the first's.

    Args:
        features: shape (frames, numbers), two frames or more.
    """
    import numpy as np

    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    before = np.maximum(0, (unit[1:] * unit[:-1]).sum(axis=1))
    first = np.maximum(0, unit[1:] @ unit[0])
    return float(((before + first) / 2).mean())


@judge("subject-consistency")
@dataclass(kw_only=True)
class SubjectConsistency(FrameConsistency):
    """VBench's subject consistency, by DINO's features.

    Takes the arguments of :class:`FrameConsistency`.
    """

    path: str = "facebook/dino-vitb16"
    name: ClassVar[str] = "subject-consistency"


@judge("background-consistency")
@dataclass(kw_only=True)
class BackgroundConsistency(FrameConsistency):
    """VBench's background consistency, by CLIP's features.

    Takes the arguments of :class:`FrameConsistency`.
    """

    path: str = "openai/clip-vit-base-patch32"
    name: ClassVar[str] = "background-consistency"
