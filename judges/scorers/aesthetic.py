"""LAION's aesthetic predictor: a linear head on CLIP's features of a picture.

https://github.com/LAION-AI/aesthetic-predictor publishes ``sa_0_4_vit_l_14_linear.pth`` for CLIP
ViT-L/14; it lies on no hub, so its file has to be given. Its scores go from about 1 to 10; divided
by ten and averaged over every frame of a video they are VBench's *aesthetic quality*
(https://github.com/Vchitect/VBench, commit 45e79ec).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ...harness.errors import UserError
from ...harness.items import Media, PointItem
from ...harness.judge import Supports
from ...harness.media import load_image
from ...harness.registry import judge
from ..backends.checkpoints import Checkpoint
from .clip import checkpoint, load_clip
from .features import Remembered, content, generated
from .files import fingerprint, tensors
from .images import ImageScorer
from .motion import every_frame
from .transforms import cropped

if TYPE_CHECKING:
    from PIL.Image import Image

_REMEMBERED = 65_536
_MOST_FRAMES = 600


@dataclass(frozen=True)
class Head:
    """CLIP's image encoder with a linear head.

    Args:
        clip: a ``CLIPModel``.
        weight: of the head, shape (features,).
        bias: of the head.
        batch_size: pictures looked at a time.
    """

    clip: Any
    weight: Any
    bias: float
    batch_size: int

    @cached_property
    def values(self) -> Remembered[Media, list[Any], float]:
        """The tenth of the mean score of a picture, or of a video's frames."""
        return Remembered(content, self._pixels, self._computed, 1, _REMEMBERED)

    def _pixels(self, media: Media) -> list[Any]:
        size = self.clip.config.vision_config.image_size
        return [cropped(picture, size) for picture in _pictures(media)]

    def _computed(self, media: list[list[Any]]) -> list[float]:
        return [self._mean(pixels) for pixels in media]

    def _mean(self, pixels: Sequence[Any]) -> float:
        import torch
        from torch.nn.functional import normalize

        total = 0.0
        for start in range(0, len(pixels), self.batch_size):
            some = torch.stack(list(pixels[start : start + self.batch_size]))
            some = some.to(self.clip.device, self.clip.dtype)
            with torch.inference_mode():
                seen = self.clip.get_image_features(pixel_values=some).pooler_output.float()
                total += float((normalize(seen, dim=-1).cpu() @ self.weight + self.bias).sum())
        return total / len(pixels) / 10


def _pictures(media: Media) -> list[Image]:
    from PIL.Image import fromarray

    if media.modality == "image":
        return [load_image(media)]
    return [fromarray(frame) for frame in every_frame(media, _MOST_FRAMES)]


@judge("aesthetic")
@dataclass(kw_only=True)
class Aesthetic(ImageScorer[Head]):
    """LAION's aesthetic predictor of an image, or of every frame of a video, from about 0 to 1.

    Args:
        head: file of the linear head for the CLIP checkpoint.
        path: folder or hub id of the CLIP checkpoint.

    Also takes the arguments of :class:`ImageScorer`.
    """

    head: Path
    path: str = "openai/clip-vit-large-patch14"

    supports: ClassVar[Supports] = Supports(
        objectives=frozenset({"generation"}), order_free=True, pointwise=True
    )

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """Where the CLIP checkpoint is; loads no weights."""
        return checkpoint(self.path, self.revision)

    def score(self, batch: Sequence[PointItem]) -> list[float]:
        """Score images or videos, the higher the better.

        Raises:
            MediaError: one cannot be used; the others are kept.
            UserError: a checkpoint cannot be loaded, or an item is nothing that was generated.
        """
        return self.model.values.of(generated(batch, "aesthetic"))

    def identity(self) -> Mapping[str, object]:
        """What a score depends on; loads no weights.

        Raises:
            UserError: a file cannot be found.
        """
        return {
            "checkpoint": self.path,
            "fingerprint": self.checkpoint.fingerprint,
            "head": fingerprint([self._head]),
            "media": {"image": "shorter edge scaled, centre crop", "video": "every frame"},
            "dtype": self.placement.dtype,
        }

    def load(self) -> Head:
        """CLIP and the head; raises as :class:`ImageScorer` says."""
        clip, held = load_clip(self.checkpoint, self.placement), tensors(self._head)
        width = int(clip.config.projection_dim)
        if set(held) != {"weight", "bias"} or held["weight"].numel() != width:
            raise UserError(
                f"judge argument head={self.head}: no linear head for {self.path}, whose features"
                f" are {width} numbers; give its file of weight and bias"
            )
        weight = held["weight"].reshape(-1).float()
        return Head(clip, weight, float(held["bias"].reshape(-1)[0]), self.batch_size)

    @property
    def _head(self) -> Path:
        if not self.head.is_file():
            raise UserError(f"judge argument head={self.head}: no such file")
        return self.head
